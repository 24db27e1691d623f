"""Lenses: the maps of polynomials, which carry positions forwards and directions backwards.

A lens `p -> q` shows each position of p as one of q, and translates a direction of q that arrives
there into one of p. It is a natural transformation of the functors. A machine is a lens out of
`S y^S`, and a wiring diagram of machines is a lens out of their parallel product.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from catalign._errors import AxiomError, UnsupportedError
from catalign.para.poly import Poly

Forward = Callable[[Any], Any]
Backward = Callable[[Any, Any], Any]
Table = tuple[tuple[Hashable, Hashable, tuple[Hashable, ...]], ...]


@dataclass(frozen=True, eq=False)
class Lens:
    """A map of polynomials.

    Maths: `f_1: p(1) -> q(1)` and, for each position i of p, `f#_i: q[f_1(i)] -> p[i]`.

    Where both polynomials are given the lens is checked when it is built, and lenses are equal if
    they do the same everywhere. A lens without them has positions that nobody lists, such as
    arrays; it composes and runs as well.

    Args:
      forward: `f_1`.
      backward: `f#`, a function of a position of p and a direction of q.
      source: p, if it is listed.
      target: q, if it is listed.

    Raises:
      AxiomError: A position or a direction leads out of the polynomials.

    Example:
      >>> shown, plain = Poly.monomial("ab", (0, 1)), Poly.monomial((True,), (0,))
      >>> lens = Lens(lambda i: True, lambda i, d: d, shown, plain)
      >>> lens.table
      (('a', True, (0,)), ('b', True, (0,)))

    Source: Niu & Spivak, Polynomial Functors, chapter 3.
    """

    forward: Forward
    backward: Backward
    source: Poly | None = None
    target: Poly | None = None

    def __post_init__(self) -> None:
        if self.source is None or self.target is None:
            return
        for i, a in self.source.terms:
            j = self.forward(i)
            if j not in self.target.positions:
                raise AxiomError(
                    f"no lens: `forward` sends position {i!r} to {j!r}, which is no position of "
                    f"the target {self.target}."
                )
            for d in self.target.directions(j):
                if self.backward(i, d) not in a:
                    raise AxiomError(
                        f"no lens: `backward` sends direction {d!r} at position {i!r} to "
                        f"{self.backward(i, d)!r}, but the source has {list(a)} there."
                    )

    @classmethod
    def identity(cls, p: Poly | None = None) -> "Lens":
        """The lens that changes nothing."""
        return cls(lambda i: i, lambda _, d: d, p, p)

    def then(self, other: "Lens") -> "Lens":
        """This lens, then another one.

        Maths: `(g . f)_1 = g_1 . f_1` and `(g . f)#_i = f#_i . g#_(f_1(i))`.

        Raises:
          AxiomError: `other` starts elsewhere than this lens ends.
        """
        if None not in (self.target, other.source) and self.target != other.source:
            raise AxiomError(
                f"cannot compose lenses: the first ends in {self.target}, the second starts from "
                f"{other.source}."
            )
        return Lens(
            lambda i: other.forward(self.forward(i)),
            lambda i, d: self.backward(i, other.backward(self.forward(i), d)),
            self.source,
            other.target,
        )

    def __matmul__(self, other: "Lens") -> "Lens":
        """Two lenses side by side, from `p @ q` to `p' @ q'`."""
        return Lens(
            lambda i: (self.forward(i[0]), other.forward(i[1])),
            lambda i, d: (self.backward(i[0], d[0]), other.backward(i[1], d[1])),
            _both(self.source, other.source),
            _both(self.target, other.target),
        )

    def compose(self, other: "Lens") -> "Lens":
        """Two lenses one inside the other, from `p.compose(q)` to `p'.compose(q')`.

        Raises:
          UnsupportedError: A polynomial is not listed.
        """
        (p, p2), (q, q2) = self._listed(), other._listed()

        def forward(position: Any) -> Any:
            i, j = position
            inner = dict(zip(p.directions(i), j, strict=True))
            shown = self.forward(i)
            return shown, tuple(
                other.forward(inner[self.backward(i, d)]) for d in p2.directions(shown)
            )

        def backward(position: Any, direction: Any) -> Any:
            (i, j), (d, e) = position, direction
            a = self.backward(i, d)
            return a, other.backward(dict(zip(p.directions(i), j, strict=True))[a], e)

        return Lens(forward, backward, p.compose(q), p2.compose(q2))

    @property
    def table(self) -> Table:
        """Each position with its image, and what becomes of the directions there.

        Raises:
          UnsupportedError: A polynomial is not listed.
        """
        p, q = self._listed()
        return tuple(
            (i, j, tuple(self.backward(i, d) for d in q.directions(j)))
            for i, j in ((i, self.forward(i)) for i in p.positions)
        )

    @property
    def is_vertical(self) -> bool:
        """Whether positions correspond one to one."""
        _, q = self._listed()
        images = [j for _, j, _ in self.table]
        return len(set(images)) == len(images) == len(q.positions)

    @property
    def is_cartesian(self) -> bool:
        """Whether directions correspond one to one at every position."""
        p, _ = self._listed()
        return all(len(set(back)) == len(back) == len(p.directions(i)) for i, _, back in self.table)

    def factor(self) -> "tuple[Lens, Lens]":
        """A vertical lens and then a cartesian one, whose composite is this lens.

        Maths: through `sum over i in p(1) of y^q[f_1(i)]`.
        """
        p, q = self._listed()
        middle = Poly(tuple((i, q.directions(self.forward(i))) for i in p.positions))
        vertical = Lens(lambda i: i, self.backward, p, middle)
        return vertical, Lens(self.forward, lambda _, d: d, middle, q)

    def _listed(self) -> tuple[Poly, Poly]:
        if self.source is None or self.target is None:
            raise UnsupportedError(
                "the positions and directions of this lens are not listed. Build it with `source` "
                "and `target`."
            )
        return self.source, self.target

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lens):
            return NotImplemented
        return self._listed() == other._listed() and self.table == other.table

    def __hash__(self) -> int:
        return hash((self._listed(), self.table))

    def __repr__(self) -> str:
        sides = ("?" if p is None else str(p) for p in (self.source, self.target))
        return "Lens({} -> {})".format(*sides)


def _both(p: Poly | None, q: Poly | None) -> Poly | None:
    return None if p is None or q is None else p @ q
