"""More graph families: communities, grids, paths, trees, geometric, power-law, small-world."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

import jax
import jax.numpy as jnp

from catalign._errors import InputError
from catalign._typing import AdjacencyMask, KeyArray
from catalign.distributions.check import check_probability
from catalign.distributions.edge_list import AbstractEdgeListLaw
from catalign.distributions.graph import AbstractGraphLaw, one_of, relabel
from catalign.distributions.random import uniform


@dataclass(frozen=True)
class Communities(AbstractGraphLaw):
    """Directed Erdos-Renyi communities, joined by sparse forward edges, in a random order.

    The nodes fall into `count` runs of equal length, the last taking the rest. Inside a community
    each ordered pair is an edge with probability `p`; each pair is then toggled, forwards only,
    with probability `between`.

    Args:
      count: The number of communities.
      p: The probability of an edge, or several, of which each graph uses one chosen at random.
      between: The probability of a toggle.

    Raises:
      InputError: `count` is below 1, or a probability is outside [0, 1].

    Source: the benchmark's inputs for strongly connected components.
    """

    count: int = 4
    p: float | tuple[float, ...] = 0.5
    between: float = 0.01
    directed: ClassVar[bool] = True
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_probability("p", self.p)
        check_probability("between", self.between)
        if self.count < 1:
            raise InputError(f"`count` is {self.count}: there is at least one community.")

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        inner, outer, order = jax.random.split(key, 3)
        # A stream of its own, so that graphs of one probability are those of before.
        p = one_of(jax.random.fold_in(key, 1), self.p)
        place = jax.random.permutation(order, n).astype(jnp.int32)
        community = jnp.minimum(place // max(n // self.count, 1), self.count - 1)
        inside = community[:, None] == community[None, :]
        forwards = place[:, None] < place[None, :]
        toggle = (uniform(outer, (n, n)) < self.between) & forwards
        return ((uniform(inner, (n, n)) < p) & inside) ^ toggle


@dataclass(frozen=True)
class Complete(AbstractGraphLaw):
    """Every pair of different nodes."""

    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Gives the edge mask of the complete graph on `n` nodes."""
        del key
        return ~jnp.eye(n, dtype=bool)


@dataclass(frozen=True)
class Grid(AbstractGraphLaw):
    """A rectangle of nodes, each joined to those beside, above and below it, in a random order.

    Args:
      width: The length of a row; about the square root of n if left out. The last row may be short.

    Raises:
      InputError: `width` is below 1.
    """

    width: int | None = None
    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.width is not None and self.width < 1:
            raise InputError(f"`width` is {self.width}: a row has at least one node.")

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a grid of `n` nodes."""
        width = max(round(n**0.5), 1) if self.width is None else self.width
        node = jnp.arange(n, dtype=jnp.int32)
        row, column = node // width, node % width
        apart = jnp.abs(row[:, None] - row[None, :]) + jnp.abs(column[:, None] - column[None, :])
        return relabel(key, apart == 1)


@dataclass(frozen=True)
class Path(AbstractGraphLaw):
    """One path through all nodes in a random order: the longest distances that there are."""

    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a path of `n` nodes."""
        return Grid(width=max(n, 1)).sample(key, n)


@dataclass(frozen=True)
class Tree(AbstractGraphLaw):
    """A random recursive tree in a random order: each node is joined to a uniform earlier one."""

    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a tree of `n` nodes."""
        draw, order = jax.random.split(key)
        node = jnp.arange(n, dtype=jnp.int32)
        parent = (uniform(draw, (n,)) * node.astype(float)).astype(jnp.int32)
        up = (node[None, :] == parent[:, None]) & (node[:, None] > 0)
        return relabel(order, up | up.T)


@dataclass(frozen=True)
class CycleBlowUp(AbstractGraphLaw):
    """Graphs in which every node is exactly `distance` hops from the nodes farthest from it.

    A random blow-up of a cycle of `2 distance` layers, none of them empty, in a random order:
    all pairs of nodes in neighbouring layers are edges, and two nodes of one layer are joined with
    probability `p`. So the hop distance of two nodes is that of their layers on the cycle, or 1 or
    2 inside a layer, and breadth-first search needs as many rounds from any source.

    Args:
      distance: The eccentricity of every node, at least 2.
      p: The probability of an edge inside a layer.

    Raises:
      InputError: `distance` is below 2, `p` is outside [0, 1], or, when a graph is drawn, there are
        fewer nodes than layers.
    """

    distance: int = 2
    p: float = 0.5
    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_probability("p", self.p)
        if self.distance < 2:
            raise InputError(
                f"`distance` is {self.distance}: give at least 2; with 1 the graph is complete."
            )

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        count = 2 * self.distance
        if n < count:
            raise InputError(
                f"`size` is {n}, but nodes {self.distance} hops apart in every direction need at "
                f"least {count}. Give a larger size or a smaller `distance`."
            )
        layers, inside, order = jax.random.split(key, 3)
        node = jnp.arange(n, dtype=jnp.int32)
        drawn = (uniform(layers, (n,)) * count).astype(jnp.int32) % count
        layer = jnp.where(node < count, node, drawn)
        apart = jnp.abs(layer[:, None] - layer[None, :])
        hops = jnp.minimum(apart, count - apart)
        upper = jnp.triu(uniform(inside, (n, n)) < self.p, k=1)
        return relabel(order, (hops == 1) | ((hops == 0) & (upper | upper.T)))


@dataclass(frozen=True)
class Geometric(AbstractGraphLaw):
    """Points uniform in the unit square, joined when they are near.

    Args:
      radius: The greatest distance of an edge; `sqrt(2 log n / (pi n))`, where the graph is usually
        connected, if left out.

    Raises:
      InputError: `radius` is not positive.
    """

    radius: float | None = None
    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.radius is not None and self.radius <= 0:
            raise InputError(f"`radius` is {self.radius}: give a positive distance.")

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        radius = self.radius
        if radius is None:
            radius = math.sqrt(2.0 * math.log(n) / (math.pi * n))
        x, y = uniform(key, (2, n))
        square = (x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2
        return (square < radius**2) & ~jnp.eye(n, dtype=bool)


@dataclass(frozen=True)
class PowerLaw(AbstractGraphLaw):
    """Expected degrees that fall as a power of the node's place in a random order (Chung-Lu).

    Maths: node i has weight `w_i = (i + 1)^(-1 / (exponent - 1))`, and `P(i - j) = min(1,
    mean_degree n w_i w_j / W^2)` with W the sum of the weights.

    Args:
      exponent: The exponent of the law of the degrees, above 2.
      mean_degree: The mean degree, where no probability is cut off at 1.

    Raises:
      InputError: `exponent` is not above 2, or `mean_degree` is not positive.

    Source: Chung and Lu 2002.
    """

    exponent: float = 2.5
    mean_degree: float = 4.0
    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.exponent <= 2.0 or self.mean_degree <= 0.0:
            raise InputError(
                f"`exponent` is {self.exponent} and `mean_degree` {self.mean_degree}: give an "
                "exponent above 2 and a positive degree."
            )

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        draw, order = jax.random.split(key)
        place = jnp.arange(1, n + 1, dtype=float)
        weight = place ** (-1.0 / (self.exponent - 1.0))
        share = weight / weight.sum()
        p = self.mean_degree * n * share[:, None] * share[None, :]
        upper = jnp.triu(uniform(draw, (n, n)) < p, k=1)
        return relabel(order, upper | upper.T)


@dataclass(frozen=True)
class WattsStrogatz(AbstractGraphLaw):
    """A ring in which each node is joined to its `k` nearest, with edges rewired at random.

    Each edge of the ring moves one end to a uniform node with probability `rewire`. An edge that
    would become a self-loop, or fall on another, is lost, so there are at most n k / 2 edges.

    Raises:
      InputError: `k` is odd or below 2, or `rewire` is outside [0, 1].

    Source: Watts and Strogatz 1998.
    """

    k: int = 4
    rewire: float = 0.1
    directed: ClassVar[bool] = False
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_probability("rewire", self.rewire)
        if self.k < 2 or self.k % 2:
            raise InputError(f"`k` is {self.k}: give an even number of neighbours, at least 2.")

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        moves, ends = jax.random.split(key)
        node = jnp.arange(n, dtype=jnp.int32)[:, None]
        step = jnp.arange(1, self.k // 2 + 1, dtype=jnp.int32)[None, :]
        away = (uniform(ends, (n, self.k // 2)) * n).astype(jnp.int32)
        rewired = uniform(moves, (n, self.k // 2)) < self.rewire
        target = jnp.where(rewired, away, (node + step) % n)
        mask = (target[:, :, None] == node.T[None]).any(axis=1)
        return (mask | mask.T) & ~jnp.eye(n, dtype=bool)


@dataclass(frozen=True)
class Listed(AbstractGraphLaw):
    """The graphs of a law of edge lists, as matrices: `Listed(Delaunay())` is planar.

    Args:
      of: The law of edge lists.

    Example:
      >>> from catalign.distributions.edge_list import SparseErdosRenyi
      >>> Listed(SparseErdosRenyi(1.0)).sample(jax.random.key(0), 3).astype(int).tolist()
      [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """

    of: AbstractEdgeListLaw
    directed: bool = field(init=False)
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "directed", self.of.directed)

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        edges = self.of.sample(key, n)
        none = jnp.zeros((n, n), dtype=bool)
        return none.at[edges.senders, edges.receivers].set(True, mode="drop")
