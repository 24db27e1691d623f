"""What makes messages a polynomial diagram: distinct names, and legs that are functions.

That p is a function holds by construction: a role belongs to one message. That i and o are
functions is what is checked here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from catalign._errors import AxiomError, InputError
from catalign.polynomial.message import Argument, Message, Output, Port
from catalign.polynomial.sort import Sort, SortSum


def sort_of(ports: Sequence[Port], name: str, *, of: str) -> Sort:
    """The sort of a named field.

    Args:
      ports: The fields.
      name: The name of one.
      of: What has these fields, for the message.

    Raises:
      InputError: There is no such field.
    """
    for port in ports:
        if port.name == name:
            return port.sort
    names = ", ".join(port.name for port in ports)
    raise InputError(f"{of} {name!r}; it has {names or 'none'}.")


def check_names(
    owner: str, inputs: Sequence[Port], *, outputs: Sequence[Port], summands: Sequence[Message]
) -> None:
    """Checks that no two inputs, outputs, messages, or roles of a message share a name.

    Raises:
      InputError: Two do.
    """
    groups: dict[str, Iterable[str]] = {
        "inputs": (port.name for port in inputs),
        "outputs": (port.name for port in outputs),
        "messages": (message.name for message in summands),
    }
    groups |= {f"roles of message {message.name!r}": message.roles for message in summands}
    for what, names in groups.items():
        twice = ", ".join(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise InputError(f"{owner} has several {what} named {twice}. Give each its own name.")


def check_argument(
    owner: str, inputs: Sequence[Port], *, message: Message, argument: Argument
) -> None:
    """Checks that i is a function X -> W at one role.

    Raises:
      AxiomError: The leg does not go from the message's sort to that of the input.
      InputError: There is no such input.
    """
    sort, leg = sort_of(inputs, argument.reads, of=f"{owner} has no input"), argument.leg
    if (leg.dom, leg.cod) != (message.sort, sort):
        raise AxiomError(
            f"{owner}: i is not a function X -> W at the role {argument.role!r} of the message "
            f"{message.name!r}, which reads the input {argument.reads!r}.\n"
            f"  needed: {message.sort} -> {sort}\n"
            f"  given:  {leg.dom} -> {leg.cod}: {leg}"
        )


def check_output(owner: str, outputs: Sequence[Port], *, message: Message) -> None:
    """Checks that o is a function Y -> Z at one message.

    Raises:
      AxiomError: The message has no output or several, or the leg does not go from the message's
        sort to that of the output.
      InputError: There is no such output.
    """
    output = message.output
    if not isinstance(output, Output):
        raise _not_a_function(owner, message, outputs=tuple(output))
    sort, leg = sort_of(outputs, output.writes, of=f"{owner} has no output"), output.leg
    if (leg.dom, leg.cod) != (message.sort, sort):
        raise AxiomError(
            f"{owner}: o is not a function Y -> Z at the message {message.name!r}, which writes "
            f"the output {output.writes!r}.\n"
            f"  needed: {message.sort} -> {sort}\n"
            f"  given:  {leg.dom} -> {leg.cod}: {leg}"
        )


def _not_a_function(owner: str, message: Message, *, outputs: tuple[Output, ...]) -> AxiomError:
    problem = f"{owner}: o is not a function Y -> Z, because each message {message.name!r} goes"
    if not outputs:
        return AxiomError(f"{problem} nowhere. Give it one `Output`, or leave the message out.")
    places = ", ".join(f"Output({output.writes!r}, ...)" for output in outputs)
    codomain = SortSum(tuple(output.leg.cod for output in outputs))
    copies = len(outputs) * message.sort
    return AxiomError(
        f"{problem} to {' and to '.join(output.writes for output in outputs)}. "
        "Send a copy of it to each: the summands\n"
        f"  *for_each({message.name!r}, {message.sort}, arguments=..., outputs=[{places}])\n"
        "make this part of the diagram\n"
        f"  {len(message.arguments) * copies} -> {copies} -> {codomain}\n"
        f"instead of {message.arity * message.sort} -> {message.sort} -> {codomain}."
    )
