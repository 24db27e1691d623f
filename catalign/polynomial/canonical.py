"""Canonical forms of symbolic diagrams, and isomorphism as equality of these.

Two symbolic diagrams are isomorphic if one becomes the other by reordering messages and roles,
renaming both, and permuting the factors of a message's sort. Then their meanings on each graph are
isomorphic, so their transforms are equal over each commutative semiring.
"""

import itertools

from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import Leg
from catalign.polynomial.message import Message

_Placed = tuple[str, tuple[tuple[int, tuple[str, ...]], ...]]
CanonicalMessage = tuple[tuple[str, ...], _Placed, tuple[_Placed, ...]]


def canonical_form(diagram: PolynomialDiagram) -> tuple[CanonicalMessage, ...]:
    """The messages of a diagram in a form that isomorphic diagrams share."""
    return tuple(sorted(_canonical_message(message) for message in diagram.summands))


def is_isomorphic(first: PolynomialDiagram, second: PolynomialDiagram) -> bool:
    """Whether two diagrams differ only by names of messages and roles, and by orders.

    Example:
      >>> from catalign.polynomial import library
      >>> renamed = library.floyd_warshall.renamed(
      ...     inputs={"edge": "tuple"}, outputs={"edge": "tuple"}
      ... )
      >>> is_isomorphic(renamed, library.weisfeiler_leman(2))
      True
      >>> is_isomorphic(library.pointer, library.pointer_push)
      False
    """
    return (
        set(first.inputs) == set(second.inputs)
        and set(first.outputs) == set(second.outputs)
        and canonical_form(first) == canonical_form(second)
    )


def _canonical_message(message: Message) -> CanonicalMessage:
    """The least of the forms that the message takes under permutations of its factors."""
    return min(
        (
            tuple(message.sort.factors[old].name for old in permutation),
            _placed(message.output.writes, message.output.leg, permutation=permutation),
            tuple(
                sorted(_placed(a.reads, a.leg, permutation=permutation) for a in message.arguments)
            ),
        )
        for permutation in itertools.permutations(range(message.sort.rank))
    )


def _placed(field: str, leg: Leg, *, permutation: tuple[int, ...]) -> _Placed:
    """A field and where the leg reads it, after the factors have been permuted."""
    return field, tuple(
        (permutation.index(c.position), tuple(arrow.name for arrow in c.arrows))
        for c in leg.coordinates
    )
