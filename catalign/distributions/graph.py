"""Graph families: laws of the edge mask of a graph on n nodes.

Every law has `sample(key, n)`, which gives a bool matrix `[n, n]` of ordered pairs, and says
whether its graphs are `directed` (undirected ones are symmetric) and `acyclic`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from catalign._typing import AdjacencyMask, KeyArray, Scalar
from catalign.distributions.check import check_probability
from catalign.distributions.random import uniform, uniform_pairs


class AbstractGraphLaw(ABC):
    """A law of graphs. Law: `sample` is symmetric unless `directed`, without cycle if `acyclic`.

    Attributes:
      directed: Whether an edge may lack its reverse.
      acyclic: Whether there is never a directed cycle.
    """

    directed: bool
    acyclic: bool

    @abstractmethod
    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes; `n` is static."""


@dataclass(frozen=True)
class ErdosRenyi(AbstractGraphLaw):
    """Every ordered pair, self-loops too, is drawn with probability p on its own.

    Maths: directed, `P(u -> v) = p`; undirected, an edge needs both of its ordered pairs, so `P(u -
    v) = p^2`, as in the benchmark.

    Args:
      p: The probability, or several, of which each graph uses one chosen at random.
      directed: Whether to keep single ordered pairs.

    Raises:
      InputError: A probability is outside [0, 1].

    Example:
      >>> bool(ErdosRenyi(p=1.0).sample(jax.random.key(0), 3).all())
      True
    """

    p: float | tuple[float, ...] = 0.5
    directed: bool = False
    acyclic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_probability("p", self.p)

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        choice, pairs = jax.random.split(key)
        p = one_of(choice, self.p)
        if self.directed:
            return uniform(pairs, (n, n)) < p
        there, back = uniform_pairs(pairs, n)
        # A self-loop is one ordered pair, drawn once.
        return (there < p) & ((back < p) | jnp.eye(n, dtype=bool))


@dataclass(frozen=True)
class Acyclic(AbstractGraphLaw):
    """The graphs of another law, every edge turned forwards in a random order of the nodes.

    Maths: u -> v stays iff `x_u < x_v`, where x is uniform in [0, 1) at each node.

    Args:
      of: The law whose graphs are turned. `ErdosRenyi(p, directed=True)` gives the benchmark's
        acyclic graphs.
    """

    of: AbstractGraphLaw = ErdosRenyi(0.5, directed=True)
    directed: ClassVar[bool] = True
    acyclic: ClassVar[bool] = True

    def sample(self, key: KeyArray, n: int) -> AdjacencyMask:
        """Draws the edge mask of a graph on `n` nodes."""
        draw, order = jax.random.split(key)
        place, node = uniform(order, (n,)), jnp.arange(n, dtype=jnp.int32)
        tie = (place[:, None] == place[None, :]) & (node[:, None] < node[None, :])
        return self.of.sample(draw, n) & ((place[:, None] < place[None, :]) | tie)


def relabel(key: KeyArray, mask: AdjacencyMask) -> AdjacencyMask:
    """Renames the nodes by a random permutation."""
    order = jax.random.permutation(key, mask.shape[0])
    return mask[order[:, None], order[None, :]]


def one_of(key: KeyArray, values: float | tuple[float, ...]) -> Scalar:
    """One of several numbers, each as likely; the number itself where there is but one."""
    if isinstance(values, tuple):
        return jax.random.choice(key, jnp.asarray(values, dtype=float))
    return jnp.asarray(values, dtype=float)
