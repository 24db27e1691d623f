"""What the translation reads: scalars with their conditions, rules as definitions, arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalign._errors import CatalignError
from catalign.nn.discrete.condition import Is, IsPair
from catalign.nn.discrete.expression import At, AtPair, Expression, K, Node, Variable
from catalign.nn.discrete.rule import Rule
from catalign.nn.discrete.scalar import Of, OfPair
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.proof.literal import Literal, Sum, Value

Places = Mapping[int, Value]
"""The receivers i and j and the candidate k, by their axes."""


class NotExpressibleError(CatalignError, ValueError):
    """The decision procedure does not know an operation of the grammar."""


@dataclass(frozen=True)
class Number:
    """A scalar: a sum, and what must hold for it to be a number at all."""

    total: Sum
    defined: tuple[Literal, ...] = ()


@dataclass(frozen=True)
class Definition:
    """How the next values of a field follow from the state.

    Attributes:
      rule: The rule.
      names: What the fields that it reads are called here, where not by their own name.
    """

    rule: Rule
    names: Mapping[str, str] = field(default_factory=dict)


def receivers(arguments: Sequence[Value]) -> dict[int, Value]:
    """The receivers i and j by their axes."""
    return {axis + 1: value for axis, value in enumerate(arguments)}


def free(term: Expression) -> set[int]:
    """The axes of the receivers that an expression reads, without those of inner candidates."""
    if isinstance(term, Variable):
        return {term.index}
    inside = {axis for part in term.parts for axis in free(part)}
    return inside - {K.index} if isinstance(term, Select) else inside


def field_arguments(term: Expression) -> tuple[str, tuple[Node, ...]] | None:
    """The field that an expression reads directly, and the nodes that it is read at."""
    match term:
        case Is(name, _, node, _) | At(name, node) | Of(name, node):
            return name, (node,)
        case IsPair(name, _, a, b, _) | AtPair(name, a, b) | OfPair(name, a, b):
            return name, (a, b)
        case _:
            return None
