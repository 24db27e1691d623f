"""Parametric maps: the 1-cells of Para, functions of parameters and an input.

A parametric map X -> Y is a pair `(P, f: P x X -> Y)`. A layer of a neural network is one, and a
network is a composite of them, with the product of the parameters. Parameters, inputs and outputs
are pytrees; P is given by what `apply` accepts, and the trivial P is the empty tuple.

| composite | parameters |
|---|---|
| `f.then(g)` | `(q, p)`: those of the later map first, as in the papers |
| `f.parallel(g)` | `(p, q)` |
| `identity()`, `pure(h)` | `()` |

Composition is associative and unital up to the 2-cells in `two_cell` that rebracket parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass

from catalign._typing import PyTree


@dataclass(frozen=True)
class ParametricMap:
    """A function of parameters and an input, a 1-cell of Para.

    Maths: `(P, f: P x X -> Y)`.

    Args:
      apply: The function `f(params, x)`.
      name: Its name, for messages.

    Example:
      >>> scale = ParametricMap(lambda p, x: p * x, name="scale")
      >>> shift = ParametricMap(lambda q, x: q + x, name="shift")
      >>> scale.then(shift)((10, 3), 2)
      16

    Source: Gavranovic et al. 2024, definition G.1.
    """

    apply: Callable[[PyTree, PyTree], PyTree]
    name: str = "f"

    def __call__(self, params: PyTree, x: PyTree) -> PyTree:
        """Applies the map at given parameters."""
        return self.apply(params, x)

    def at(self, params: PyTree) -> Callable[[PyTree], PyTree]:
        """The plain function that is left when the parameters are fixed."""
        return lambda x: self.apply(params, x)

    def then(self, other: "ParametricMap") -> "ParametricMap":
        """This map, then another one.

        Maths: `(Q, g) . (P, f) = (Q x P, g . (Q x f))`.

        Args:
          other: What to apply to the output. Its parameters come first in the pair.
        """
        return ParametricMap(
            lambda qp, x: other.apply(qp[0], self.apply(qp[1], x)),
            f"{self.name}.then({other.name})",
        )

    def parallel(self, other: "ParametricMap") -> "ParametricMap":
        """This map and another one, side by side on a pair of inputs: the monoidal product.

        Maths: `(P, f) x (Q, g) = (P x Q, ((p, q), (x, y)) -> (f(p, x), g(q, y)))`.

        Example:
          >>> scale = ParametricMap(lambda p, x: p * x, name="scale")
          >>> scale.parallel(scale)((2, 3), (10, 10))
          (20, 30)
        """
        return ParametricMap(
            lambda pq, xy: (self.apply(pq[0], xy[0]), other.apply(pq[1], xy[1])),
            f"({self.name} x {other.name})",
        )

    def reparametrise(
        self, r: Callable[[PyTree], PyTree], *, name: str | None = None
    ) -> "ParametricMap":
        """The same map with its parameters computed from others.

        Maths: for `r: P' -> P`, the map `(P', f . (r x X))`; contravariant, so
        `f.reparametrise(r).reparametrise(s) = f.reparametrise(r . s)`.

        Args:
          r: From new parameters to those of this map. With `two_cell.copy` it ties weights.
          name: The name of the result, for messages.

        Example:
          >>> scale = ParametricMap(lambda p, x: p * x, name="scale")
          >>> scale.then(scale).reparametrise(lambda p: (p, p))(3, 2)
          18
        """
        return ParametricMap(lambda p, x: self.apply(r(p), x), name or f"{self.name}[r]")


def identity() -> ParametricMap:
    """The map that returns its input and has no parameters.

    Example:
      >>> identity()((), 5)
      5
    """
    return pure(lambda x: x, name="id")


def pure(function: Callable[[PyTree], PyTree], *, name: str = "pure") -> ParametricMap:
    """A function without parameters as a parametric map.

    Maths: the inclusion of functions into Para, `h -> (1, h)`; it respects composition.

    Args:
      function: Any function.
      name: Its name, for messages.

    Source: Gavranovic et al. 2024, lemma G.4.
    """
    return ParametricMap(lambda _, x: function(x), name)
