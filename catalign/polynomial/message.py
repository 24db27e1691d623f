"""The parts of a polynomial diagram: fields, messages, and the roles that a message reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catalign._errors import InputError
from catalign.polynomial.leg import Leg, variables
from catalign.polynomial.sort import Sort


class Port(NamedTuple):
    """A named field that a diagram reads or writes."""

    name: str
    sort: Sort


@dataclass(frozen=True)
class Argument:
    """One thing that a message reads: a role.

    Args:
      role: Its name, unique in the message.
      reads: The name of the input that it reads.
      leg: Where in that input, a map from the message's sort.
    """

    role: str
    reads: str
    leg: Leg


@dataclass(frozen=True)
class Output:
    """Where a message goes.

    Args:
      writes: The name of the output.
      leg: Where in that output, a map from the message's sort.
    """

    writes: str
    leg: Leg


@dataclass(frozen=True)
class Message:
    """One summand of Y: messages of one sort, which all read the same roles.

    Args:
      name: Its name, unique in the diagram.
      sort: One message for each element of this sort.
      arguments: What each message reads, in the order of the product.
      output: Where each message goes. Exactly one place, because o is a function.
    """

    name: str
    sort: Sort
    arguments: tuple[Argument, ...]
    output: Output

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", tuple(self.arguments))

    @property
    def arity(self) -> int:
        """The number of roles: the size of each fibre of p here."""
        return len(self.arguments)

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles, in order."""
        return tuple(a.role for a in self.arguments)

    @property
    def formula(self) -> str:
        """What the messages do, such as `node[v] += node[u] * edge[u,v]  for u,v in V*V`."""
        names = variables(self.sort)

        def at(field: str, leg: Leg) -> str:
            return f"{field}[{leg.image(names)}]" if leg.cod.rank else field

        product = " * ".join(at(a.reads, a.leg) for a in self.arguments) or "1"
        loop = f"  for {','.join(names)} in {self.sort}" if names else ""
        return f"{at(self.output.writes, self.output.leg)} += {product}{loop}"

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs of the arguments, in order, then that of the output."""
        return (*(a.leg for a in self.arguments), self.output.leg)

    def __getitem__(self, role: str) -> Argument:
        for argument in self.arguments:
            if argument.role == role:
                return argument
        raise InputError(
            f"Message {self.name!r} has no role {role!r}; it has {', '.join(self.roles) or 'none'}."
        )


def for_each(
    name: str, sort: Sort, *, arguments: Sequence[Argument], outputs: Sequence[Output]
) -> tuple[Message, ...]:
    """Messages that are wanted in several places: one copy for each place.

    This repairs an o that is no function, such as that of the naive edge update.

    Args:
      name: The name of the messages; each copy is called `name_output`.
      sort: One message for each element of this sort.
      arguments: What each copy reads.
      outputs: Where the copies go.

    Example:
      >>> from catalign.polynomial.leg import project
      >>> from catalign.polynomial.sort import V
      >>> places = [Output("node", project(V * V, 1)), Output("edge", project(V * V, 0, 1))]
      >>> [m.name for m in for_each("pair", V * V, arguments=[], outputs=places)]
      ['pair_node', 'pair_edge']
    """
    return tuple(
        Message(f"{name}_{output.writes}", sort, tuple(arguments), output) for output in outputs
    )
