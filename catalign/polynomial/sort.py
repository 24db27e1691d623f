"""Sorts: what a field has one value for.

A *base sort* is `V` (the nodes) or `E` (the edges). A *sort* is a finite product of base sorts, the
empty product being `ONE` (the graph as a whole): a monomial. A `SortSum` is a finite sum of sorts:
a polynomial with natural coefficients, such as `V + V*V + ONE`. A graph interprets each of them as
a finite set, and the sum as a disjoint union.

Axioms:
  >>> V * ONE == V == ONE * V
  True
  >>> (V * V) * V == V * (V * V)
  True
  >>> V + E == E + V
  True
  >>> V * (E + ONE) == V * E + V
  True
  >>> print(ONE + V * V + V)
  V + V*V + ONE
"""

import enum
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union, overload

from catalign._errors import InputError


class Base(enum.Enum):
    """The sorts that a graph gives directly."""

    V = "nodes"
    E = "edges"


_WORDS = {
    (): "the graph",
    (Base.V,): "nodes",
    (Base.E,): "edges",
    (Base.V, Base.V): "node pairs",
    (Base.V, Base.V, Base.V): "node triples",
}


@dataclass(frozen=True, repr=False)
class Sort:
    """A product of base sorts, in order.

    The order counts, as it does for the axes of an array: `V*E` and `E*V` are isomorphic but not
    equal.

    Args:
      factors: The base sorts.

    Example:
      >>> (V * V).rank, (V * V).words, V**3
      (2, 'node pairs', V*V*V)
    """

    factors: tuple[Base, ...]

    @property
    def rank(self) -> int:
        """The number of factors, that is, of axes of a field."""
        return len(self.factors)

    @property
    def words(self) -> str:
        """The sort in plain words, for messages."""
        return _WORDS.get(self.factors, "tuples of " + ", ".join(b.value for b in self.factors))

    def size(self, n_node: int, *, n_edge: int = 0) -> int:
        """The number of elements on a graph with so many nodes and edges."""
        return math.prod(n_node if base is Base.V else n_edge for base in self.factors)

    @overload
    def __mul__(self, other: "Sort") -> "Sort": ...
    @overload
    def __mul__(self, other: "SortSum") -> "SortSum": ...
    def __mul__(self, other):
        if isinstance(other, SortSum):
            return SortSum(tuple(Sort(self.factors + term.factors) for term in other))
        if isinstance(other, Sort):
            return Sort(self.factors + other.factors)
        return NotImplemented

    def __rmul__(self, count: int) -> "SortSum":
        return SortSum((self,) * count)

    def __pow__(self, exponent: int) -> "Sort":
        return Sort(self.factors * exponent)

    def __add__(self, other: Union["Sort", "SortSum"]) -> "SortSum":
        return SortSum((self,)) + other

    def __str__(self) -> str:
        return "*".join(base.name for base in self.factors) or "ONE"

    __repr__ = __str__


@dataclass(frozen=True, repr=False, eq=False)
class SortSum:
    """A disjoint sum of sorts, kept in a normal form.

    The normal form lists products by rank and puts `ONE` last, so that two sums are equal exactly
    if they have the same terms equally often. A sum with one term equals that term.

    Args:
      terms: The sorts, in any order.

    Example:
      >>> SortSum((ONE, V * V, V, V * V))
      V + 2 V*V + ONE
      >>> SortSum((V,)) == V
      True
    """

    terms: tuple[Sort, ...] = ()

    def __post_init__(self) -> None:
        for term in self.terms:
            if not isinstance(term, Sort):
                raise InputError(
                    f"SortSum got the term {term!r}, which is no sort. Build sums from V, E, ONE "
                    "and their products."
                )
        object.__setattr__(self, "terms", tuple(sorted(self.terms, key=_normal_order)))

    def count(self, sort: Sort) -> int:
        """How often `sort` is a term: its coefficient."""
        return self.terms.count(sort)

    def size(self, n_node: int, *, n_edge: int = 0) -> int:
        """The number of elements on a graph with so many nodes and edges."""
        return sum(term.size(n_node, n_edge=n_edge) for term in self.terms)

    @property
    def words(self) -> str:
        """The sum in plain words, for messages."""
        return ", ".join(sort.words for sort in dict.fromkeys(self.terms)) or "nothing"

    def __add__(self, other: Union[Sort, "SortSum"]) -> "SortSum":
        if isinstance(other, Sort):
            return SortSum((*self.terms, other))
        if isinstance(other, SortSum):
            return SortSum(self.terms + other.terms)
        return NotImplemented

    def __mul__(self, other: Union[Sort, "SortSum"]) -> "SortSum":
        right = SortSum((other,)) if isinstance(other, Sort) else other
        return SortSum(tuple(Sort(a.factors + b.factors) for a in self.terms for b in right.terms))

    def __rmul__(self, count: int) -> "SortSum":
        return SortSum(self.terms * count)

    def __iter__(self) -> Iterator[Sort]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __contains__(self, sort: Sort) -> bool:
        return sort in self.terms

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sort):
            return self.terms == (other,)
        if isinstance(other, SortSum):
            return self.terms == other.terms
        return NotImplemented

    def __hash__(self) -> int:
        # A sum with one term equals that term, so it must hash like it.
        return hash(self.terms[0]) if len(self.terms) == 1 else hash(self.terms)

    def __str__(self) -> str:
        counts = Counter(self.terms)
        return " + ".join(str(s) if k == 1 else f"{k} {s}" for s, k in counts.items()) or "0"

    __repr__ = __str__


def _normal_order(sort: Sort) -> tuple[bool, int, tuple[bool, ...]]:
    return sort.rank == 0, sort.rank, tuple(base is Base.E for base in sort.factors)


V = Sort((Base.V,))
"""The nodes."""

E = Sort((Base.E,))
"""The edges of a sparse graph."""

ONE = Sort(())
"""The graph as a whole: the empty product."""
