"""Sparse graph families: laws of the edge list of a graph on n nodes, without an n x n array.

Every law has `sample(key, n)`, which gives an `EdgeList` of `capacity(n)` places, and says whether
its graphs are `directed`; an undirected edge takes two places, one for each direction.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._errors import InputError
from catalign._typing import AdjacencyMask, KeyArray, Scalar
from catalign.distributions.check import check_probability
from catalign.distributions.random import threefry, uniform
from catalign.distributions.weight import AbstractWeightLaw


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class EdgeList:
    """The edges of a graph, in the order of their receivers, then of their senders.

    Places that hold no edge come last and hold `n_node` at both ends.

    Attributes:
      senders: The node that each edge leaves.
      receivers: The node that each edge enters.
      n_node: The number of nodes, static.
    """

    senders: Int[Array, "*b e"]
    receivers: Int[Array, "*b e"]
    n_node: int = field(metadata={"static": True})

    @property
    def holds(self) -> Bool[Array, "*b e"]:
        """Which places hold an edge."""
        return self.receivers < self.n_node


def listed(
    senders: Array, receivers: Array, n: int, *, directed: bool, distinct: bool = False
) -> EdgeList:
    """The edge list of some ordered pairs, or of both directions of some unordered ones.

    A pair that is listed twice counts once; self-loops and pairs that hold `n` count as no edge.

    Args:
      senders: One end of each pair.
      receivers: The other end.
      n: The number of nodes.
      directed: Whether the pairs are ordered.
      distinct: Whether no pair is listed twice, which spares one of two sorts.

    Example:
      >>> graph = listed(jnp.array([1, 0, 1]), jnp.array([0, 1, 2]), 3, directed=False)
      >>> graph.senders.tolist(), graph.receivers.tolist()
      ([1, 0, 2, 1, 3, 3], [0, 1, 1, 2, 3, 3])
    """
    if not directed:
        senders, receivers = (
            jnp.concatenate([senders, receivers]),
            jnp.concatenate([receivers, senders]),
        )
    empty = (senders == receivers) | (senders >= n) | (receivers >= n)
    s, r = _sorted(jnp.where(empty, n, senders), jnp.where(empty, n, receivers))
    if not distinct:
        again = (s[1:] == s[:-1]) & (r[1:] == r[:-1])
        empty = jnp.concatenate([jnp.zeros_like(again, shape=(1,)), again])
        s, r = _sorted(jnp.where(empty, n, s), jnp.where(empty, n, r))
    return EdgeList(senders=s, receivers=r, n_node=n)


def from_mask(mask: AdjacencyMask, *, capacity: int | None = None) -> EdgeList:
    """The edge list of a matrix of ordered pairs, without its self-loops.

    Args:
      mask: Which ordered pairs are edges.
      capacity: The number of places; edges beyond it are lost. All pairs have one if left out.

    Example:
      >>> from_mask(jnp.array([[True, True], [False, False]]), capacity=2).senders.tolist()
      [0, 2]
    """
    n = mask.shape[0]
    places = max(n * (n - 1), 1) if capacity is None else capacity
    receivers, senders = jnp.nonzero(
        mask.T & ~jnp.eye(n, dtype=bool), size=places, fill_value=(n, n)
    )
    return EdgeList(
        senders=senders.astype(jnp.int32), receivers=receivers.astype(jnp.int32), n_node=n
    )


def edge_weights(
    law: AbstractWeightLaw, key: KeyArray, edges: EdgeList, *, directed: bool
) -> Float[Array, " e"]:
    """Draws a weight for each edge; undirected, both directions of an edge have the same one.

    The weight of an edge depends on `key` and its ends alone: it is the law's weight of a pair of
    nodes, drawn with a key made of both. Places without an edge weigh 0.

    Example:
      >>> from catalign.distributions.weight import BenchmarkWeights
      >>> edges = EdgeList(senders=jnp.array([1, 0]), receivers=jnp.array([0, 1]), n_node=2)
      >>> draw = jax.jit(lambda k: edge_weights(BenchmarkWeights(), k, edges, directed=False))
      >>> there, back = draw(jax.random.key(0)).tolist()
      >>> there == back
      True
    """
    low, high = edges.senders, edges.receivers
    if not directed:
        low, high = jnp.minimum(low, high), jnp.maximum(low, high)
    words = jax.random.key_data(key).astype(jnp.uint32).reshape(-1)
    pair = threefry((words[0], words[-1]), (low.astype(jnp.uint32), high.astype(jnp.uint32)))
    keys = jax.random.wrap_key_data(jnp.stack(pair, axis=-1), impl="threefry2x32")
    drawn = jax.vmap(lambda k: law.sample(k, 2, directed=directed)[0, 1])(keys)
    return jnp.where(edges.holds, drawn, jnp.zeros_like(drawn))


_LANES = 64


class AbstractEdgeListLaw(ABC):
    """A law of sparse graphs. Law: `sample` lists every edge once, both ways unless `directed`.

    Attributes:
      directed: Whether an edge may lack its reverse.
    """

    directed: bool

    @abstractmethod
    def capacity(self, n: int) -> int:
        """The number of places of the edge list of a graph on `n` nodes."""

    @abstractmethod
    def sample(self, key: KeyArray, n: int) -> EdgeList:
        """Draws the edge list of a graph on `n` nodes; `n` is static."""


@dataclass(frozen=True)
class SparseErdosRenyi(AbstractEdgeListLaw):
    """Every pair of different nodes is an edge with probability p on its own.

    The pairs that are no edge are skipped over, run by run: the time and the memory are those of
    the edges. The list has room for the mean number of edges and six standard deviations; what is
    beyond (once in a thousand million graphs) is lost.

    Maths: runs of pairs without an edge are geometric: `floor(log(1 - u) / log(1 - p))`, u uniform.

    Args:
      p: The probability, or an interval from which each graph draws its own; from `log n / n` to
        `3 log n / n`, as in SALSA-CLRS, if left out.
      directed: Whether to draw ordered pairs.

    Raises:
      InputError: A probability is outside [0, 1].

    Example:
      >>> SparseErdosRenyi(p=1.0).capacity(4), SparseErdosRenyi(p=0.0001).capacity(100_000)
      (16, 1008498)

    Source: Batagelj and Brandes 2005; the default p: Minder et al. 2023, arXiv 2309.12253.
    """

    p: float | tuple[float, float] | None = None
    directed: bool = False

    def __post_init__(self) -> None:
        if self.p is not None:
            check_probability("p", self.p)

    def capacity(self, n: int) -> int:
        """The number of places of the edge list of a graph on `n` nodes."""
        return self._draws(n) * (1 if self.directed else 2)

    def sample(self, key: KeyArray, n: int) -> EdgeList:
        """Draws the edge list of a graph on `n` nodes."""
        choice, skips = jax.random.split(key)
        p = _in_interval(choice, self._interval(n))
        row, column = _drawn_cells(skips, p, n, max(self._width(n), 1), self._draws(n))
        # Row u and column k stand for the pair of u and the node k + 1 places after it.
        to = (row + column + 1) % n
        empty = (row >= n) | (p <= 0)
        if not self.directed and n % 2 == 0:
            # Opposite nodes would come up from both ends.
            empty |= (column == n // 2 - 1) & (row >= n // 2)
        senders, receivers = jnp.where(empty, n, row), jnp.where(empty, n, to)
        return listed(senders, receivers, n, directed=self.directed, distinct=True)

    def _interval(self, n: int) -> tuple[float, float]:
        if self.p is None:
            base = math.log(n) / n
            return (min(base, 1.0), min(3.0 * base, 1.0))
        return self.p if isinstance(self.p, tuple) else (self.p, self.p)

    def _width(self, n: int) -> int:
        return n - 1 if self.directed else n // 2

    def _draws(self, n: int) -> int:
        cells = n * self._width(n)
        mean = cells * max(self._interval(n))
        return max(min(cells, math.ceil(mean + 6.0 * math.sqrt(mean) + 6.0)), 1)


@dataclass(frozen=True)
class SparseWattsStrogatz(AbstractEdgeListLaw):
    """A ring in which each node is joined to its `k` nearest, with edges rewired at random.

    As `WattsStrogatz`: an edge that would become a self-loop, or fall on another, is lost.

    Args:
      k: The number of neighbours in the ring, or several, of which each graph uses one.
      rewire: The probability that one end of an edge moves, or an interval from which each graph
        draws its own. The defaults are those of SALSA-CLRS.

    Raises:
      InputError: A `k` is odd or below 2, or a probability is outside [0, 1].

    Source: Watts and Strogatz 1998; the defaults: Minder et al. 2023, arXiv 2309.12253.
    """

    k: int | tuple[int, ...] = (4, 6, 8)
    rewire: float | tuple[float, float] = (0.05, 0.2)
    directed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_probability("rewire", self.rewire)
        if not self._choices or any(k < 2 or k % 2 for k in self._choices):
            raise InputError(f"`k` is {self.k}: give even numbers of neighbours, at least 2.")

    @property
    def _choices(self) -> tuple[int, ...]:
        return self.k if isinstance(self.k, tuple) else (self.k,)

    def capacity(self, n: int) -> int:
        """The number of places of the edge list of a graph on `n` nodes."""
        return n * max(self._choices)

    def sample(self, key: KeyArray, n: int) -> EdgeList:
        """Draws the edge list of a graph on `n` nodes."""
        choice, chance, moves, ends = jax.random.split(key, 4)
        k = jax.random.choice(choice, jnp.asarray(self._choices, dtype=jnp.int32))
        rewire = self.rewire if isinstance(self.rewire, tuple) else (self.rewire, self.rewire)
        half = max(self._choices) // 2
        node = jnp.arange(n, dtype=jnp.int32)[:, None]
        step = jnp.arange(1, half + 1, dtype=jnp.int32)[None, :]
        away = jax.random.randint(ends, (n, half), 0, n, dtype=jnp.int32)
        moved = uniform(moves, (n, half)) < _in_interval(chance, rewire)
        to = jnp.where(moved, away, (node + step) % n)
        to = jnp.where(step <= k // 2, to, n)
        senders = jnp.broadcast_to(node, to.shape)
        return listed(senders.reshape(-1), to.reshape(-1), n, directed=False)


@dataclass(frozen=True)
class Connected(AbstractEdgeListLaw):
    """The graphs of an undirected law that are connected: draws again until one is.

    Args:
      of: The law. It must draw connected graphs often enough, or `sample` never ends.

    Raises:
      InputError: The law draws directed graphs.
    """

    of: AbstractEdgeListLaw = SparseErdosRenyi()
    directed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.of.directed:
            raise InputError(f"`of` is {self.of}, which draws directed graphs: give another law.")

    def capacity(self, n: int) -> int:
        """The number of places of the edge list of a graph on `n` nodes."""
        return self.of.capacity(n)

    def sample(self, key: KeyArray, n: int) -> EdgeList:
        """Draws the edge list of a connected graph on `n` nodes."""

        def draw(carry: tuple[KeyArray, EdgeList]) -> tuple[KeyArray, EdgeList]:
            later, now = jax.random.split(carry[0])
            return later, self.of.sample(now, n)

        none = jnp.full(self.capacity(n), n, dtype=jnp.int32)
        start = (key, EdgeList(senders=none, receivers=none, n_node=n))
        return jax.lax.while_loop(lambda carry: ~is_connected(carry[1]), draw, start)[1]


def is_connected(edges: EdgeList) -> Bool[Array, ""]:
    """Whether an undirected graph has one component.

    Example:
      >>> bool(is_connected(listed(jnp.array([0]), jnp.array([1]), 3, directed=False)))
      False
    """
    n = edges.n_node

    def spread(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        reach, _ = carry
        heard = jnp.where(edges.holds, reach[edges.senders], False)
        later = reach | (jax.ops.segment_max(heard.astype(jnp.int32), edges.receivers, n) > 0)
        return later, jnp.any(later != reach)

    start = jnp.arange(n, dtype=jnp.int32) == 0
    return jnp.all(jax.lax.while_loop(lambda c: c[1], spread, (start, jnp.asarray(True)))[0])


def _sorted(senders: Array, receivers: Array) -> tuple[Array, Array]:
    r, s = jax.lax.sort((receivers, senders), num_keys=2)
    return s, r


def _in_interval(key: KeyArray, interval: tuple[float, float]) -> Scalar:
    low, high = interval
    return uniform(key, (), low, high) if low < high else jnp.asarray(low, dtype=float)


def _drawn_cells(
    key: KeyArray, p: Scalar, rows: int, width: int, draws: int
) -> tuple[Int[Array, " e"], Int[Array, " e"]]:
    """The cells of a table that are drawn, each with probability p; row `rows` is past the end.

    A cell's number may not fit in 32 bits, so the sums of the skips are kept as row and column.
    """
    unit = uniform(key, (draws,))
    # A skip of 2^30 cells is cut there: at p = 1e-8 that is one in 40,000.
    skip = jnp.minimum(jnp.log1p(-unit) / jnp.log1p(-jnp.maximum(p, 1e-12)), 2.0**30)
    skip = skip.astype(jnp.int32)
    # Every skip but the first starts behind the cell drawn before.
    skip = skip + (jnp.arange(draws, dtype=jnp.int32) > 0).astype(jnp.int32)

    def add(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
        column = a[1] + b[1]
        over = (column >= width).astype(jnp.int32)
        return jnp.minimum(a[0] + b[0] + over, rows), column - over * width

    # Sums along a few long lanes at once, then over the lanes: an associative scan over all draws
    # takes ten times as long to compile.
    steps = -(-draws // _LANES)
    lanes = jnp.pad(skip, (0, steps * _LANES - draws)).reshape(_LANES, steps).T
    cells = (jnp.minimum(lanes // width, rows), lanes % width)

    def accumulate(
        total: tuple[Array, Array], cell: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        total = add(total, cell)
        return total, total

    zero = jnp.zeros(_LANES, dtype=jnp.int32)
    ends, inside = jax.lax.scan(accumulate, (zero, zero), cells)
    before = jax.tree.map(
        lambda x: jnp.roll(x, 1).at[0].set(0), jax.lax.associative_scan(add, ends)
    )
    row, column = add(inside, jax.tree.map(lambda x: x[None], before))
    return row.T.reshape(-1)[:draws], column.T.reshape(-1)[:draws]
