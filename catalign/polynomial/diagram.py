"""Polynomial diagrams over sorts: the type of one layer of message passing.

    W <-i- X -p-> Y -o-> Z

| letter | set | here |
|---|---|---|
| W | inputs | named fields, each on a sort |
| X | arguments | for each message, what it reads: named roles in order |
| Y | messages | a sum of sorts, one `Message` a summand |
| Z | outputs | named fields, each on a sort |

| map | here |
|---|---|
| i: X -> W | each role's field and leg |
| p: X -> Y | folds the roles of a message onto it; their order is the order of the fibre |
| o: Y -> Z | each message's field and leg |

The diagram is symbolic: it holds for every graph at once. `interpretation.interpret` gives the
finite sets and functions on one graph.

Axioms:
  >>> from catalign.polynomial.library import broadcast, convolution, readout
  >>> broadcast.then(convolution).then(readout) == broadcast.then(convolution.then(readout))
  True
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from catalign._errors import AxiomError, InputError
from catalign.polynomial.leg import identity
from catalign.polynomial.message import Argument, Message, Output, Port
from catalign.polynomial.sort import ONE, Sort, SortSum, V
from catalign.polynomial.validation import check_argument, check_names, check_output, sort_of

_BRIDGES = {(V, V * V): "pair_readout", (V, ONE): "readout", (ONE, V): "broadcast"}


@dataclass(frozen=True, repr=False)
class PolynomialDiagram:
    """A polynomial diagram `W <-i- X -p-> Y -o-> Z` over sorts.

    Maths: `out(z) = sum over y in o^-1(z) of the product over x in p^-1(y) of in(i(x))`

    Args:
      name: What messages call it.
      inputs: The sort of each field that it reads.
      outputs: The sort of each field that it writes.
      summands: The messages.

    Raises:
      AxiomError: A leg is no function between the sorts that it must join.
      InputError: A name is missing or given twice.

    Example:
      >>> from catalign.polynomial.leg import source, target
      >>> from catalign.polynomial.sort import E, V
      >>> span = PolynomialDiagram(
      ...     "convolution", {"node": V}, outputs={"node": V},
      ...     summands=[
      ...         Message("edge", E, (Argument("sender", "node", source),), Output("node", target))
      ...     ],
      ... )
      >>> print(span)
      convolution: V <- E -> E -> V
      >>> print(span.formula)
      node[target(e)] += node[source(e)]  for e in E

    Source: Dudzik & Velickovic 2022, section 3; Gambino & Kock 2013 for the categorical definition.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    summands: tuple[Message, ...]

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, Sort] | Sequence[Port],
        *,
        outputs: Mapping[str, Sort] | Sequence[Port],
        summands: Iterable[Message],
    ) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "inputs", _ports(inputs))
        object.__setattr__(self, "outputs", _ports(outputs))
        object.__setattr__(self, "summands", tuple(summands))
        check_names(name, self.inputs, outputs=self.outputs, summands=self.summands)
        for message in self.summands:
            check_output(name, self.outputs, message=message)
            for argument in message.arguments:
                check_argument(name, self.inputs, message=message, argument=argument)

    @classmethod
    def identity(cls, **fields: Sort) -> "PolynomialDiagram":
        """The diagram that passes fields on unchanged.

        Example:
          >>> from catalign.polynomial.sort import E, V
          >>> print(PolynomialDiagram.identity(node=V, edge=E))
          identity: V + E <- V + E -> V + E -> V + E
        """
        kept = []
        for name, sort in fields.items():
            same = identity(sort)
            arguments = (Argument("value", name, same),)
            kept.append(Message(f"keep_{name}", sort, arguments, Output(name, same)))
        return cls("identity", fields, outputs=fields, summands=kept)

    @property
    def domain(self) -> SortSum:
        """W: the sorts of the inputs."""
        return SortSum(tuple(port.sort for port in self.inputs))

    @property
    def arguments(self) -> SortSum:
        """X: each message's sort, once for each role."""
        return SortSum(tuple(m.sort for m in self.summands for _ in m.arguments))

    @property
    def messages(self) -> SortSum:
        """Y: the sorts of the messages."""
        return SortSum(tuple(m.sort for m in self.summands))

    @property
    def codomain(self) -> SortSum:
        """Z: the sorts of the outputs."""
        return SortSum(tuple(port.sort for port in self.outputs))

    W, X, Y, Z = domain, arguments, messages, codomain

    @property
    def type(self) -> str:
        """The four sets, such as `V + V*V + ONE <- 4 V*V -> V*V -> V`."""
        return f"{self.W} <- {self.X} -> {self.Y} -> {self.Z}"

    @property
    def formula(self) -> str:
        """What the diagram computes, one line a message."""
        return "\n".join(m.formula for m in self.summands)

    @property
    def pointers(self) -> tuple[str, ...]:
        """The names of the maps that must be given when the diagram runs."""
        return tuple(
            dict.fromkeys(name for m in self.summands for leg in m.legs for name in leg.pointers)
        )

    @property
    def is_span(self) -> bool:
        """Whether each message reads one argument, so that the transform is linear."""
        return all(m.arity == 1 for m in self.summands)

    def input(self, name: str) -> Sort:
        """The sort of an input."""
        return sort_of(self.inputs, name, of=f"{self.name} has no input")

    def output(self, name: str) -> Sort:
        """The sort of an output."""
        return sort_of(self.outputs, name, of=f"{self.name} has no output")

    def __getitem__(self, name: str) -> Message:
        for message in self.summands:
            if message.name == name:
                return message
        names = ", ".join(m.name for m in self.summands)
        raise InputError(f"{self.name} has no message {name!r}; it has {names or 'none'}.")

    def renamed(
        self,
        name: str | None = None,
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        messages: Mapping[str, str] | None = None,
    ) -> "PolynomialDiagram":
        """The same diagram under other names.

        Args:
          name: The new name; as before if left out.
          inputs: New names of inputs, by old name.
          outputs: New names of outputs, by old name.
          messages: New names of messages, by old name.
        """
        read, write, called = dict(inputs or {}), dict(outputs or {}), dict(messages or {})
        return PolynomialDiagram(
            self.name if name is None else name,
            [Port(read.get(port.name, port.name), port.sort) for port in self.inputs],
            outputs=[Port(write.get(port.name, port.name), port.sort) for port in self.outputs],
            summands=[
                Message(
                    called.get(m.name, m.name),
                    m.sort,
                    tuple(replace(a, reads=read.get(a.reads, a.reads)) for a in m.arguments),
                    replace(m.output, writes=write.get(m.output.writes, m.output.writes)),
                )
                for m in self.summands
            ],
        )

    def then(self, after: "PolynomialDiagram | Path") -> "Path":
        """This diagram, followed by one that reads its outputs.

        Raises:
          AxiomError: `after` does not read exactly the outputs of this diagram.
        """
        return Path((self,)).then(after)

    def pair(self, other: "PolynomialDiagram") -> "PolynomialDiagram":
        """Both diagrams on the same inputs, matched by name, with the outputs side by side.

        Maths: `T_{<D, D'>}(f) = (T_D f, T_D' f)`

        Raises:
          InputError: An input has two sorts, or an output or a message has one name in both
            diagrams.

        Example:
          >>> from catalign.polynomial import library
          >>> print(library.message_passing_dense.pair(library.triplet).type)
          V + V*V + ONE <- 4 V*V + 7 V*V*V -> V*V + V*V*V -> V + V*V
        """
        shared = dict(self.inputs)
        for port in other.inputs:
            if shared.setdefault(port.name, port.sort) != port.sort:
                raise InputError(
                    f"cannot pair {self.name} and {other.name}: the input {port.name!r} has the "
                    f"sort {shared[port.name]} in the first and {port.sort} in the second. Rename "
                    "it in one of them with `renamed(inputs=...)`."
                )
        return PolynomialDiagram(
            f"{self.name}_and_{other.name}",
            shared,
            outputs=self.outputs + other.outputs,
            summands=self.summands + other.summands,
        )

    def carrying(self, **fields: Sort) -> "PolynomialDiagram":
        """This diagram, which also passes the given fields on unchanged.

        Example:
          >>> from catalign.polynomial import library
          >>> from catalign.polynomial.sort import ONE, V
          >>> layer = library.message_passing_dense.carrying(edge=V * V, graph=ONE)
          >>> layer.codomain == layer.domain
          True
        """
        return self.pair(PolynomialDiagram.identity(**fields)).renamed(self.name)

    def __add__(self, other: "PolynomialDiagram") -> "PolynomialDiagram":
        """The disjoint sum: both side by side, sharing nothing, named `left_...` and `right_...`.

        Maths: `T_{D + D'}(f, f') = (T_D f, T_D' f')`
        """
        left, right = (_prefixed(d, prefix) for d, prefix in ((self, "left_"), (other, "right_")))
        return PolynomialDiagram(
            f"{self.name} + {other.name}",
            left.inputs + right.inputs,
            outputs=left.outputs + right.outputs,
            summands=left.summands + right.summands,
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"

    def __repr__(self) -> str:
        return f"<{self}>"


@dataclass(frozen=True, repr=False)
class Path:
    """Diagrams applied one after the other.

    A composite is kept as a path, because composing multiplies messages (the blow-up law) and in
    general leaves the diagrams over sorts. `interpretation.interpret_path` builds the composite on
    one graph, under a size guard.

    Args:
      diagrams: The diagrams, first to last, at least one.

    Raises:
      AxiomError: Two neighbours do not compose, or there is no diagram.

    Example:
      >>> from catalign.polynomial import library
      >>> print(library.broadcast.then(library.convolution).then(library.readout))
      broadcast, convolution, readout: ONE <- V -> V -> V <- E -> E -> V <- V -> V -> ONE
    """

    diagrams: tuple[PolynomialDiagram, ...]

    def __post_init__(self) -> None:
        if not self.diagrams:
            raise AxiomError("A Path needs a diagram: `PolynomialDiagram.identity(...)` at least.")
        for first, second in itertools.pairwise(self.diagrams):
            check_composable(first, second)

    @property
    def domain(self) -> SortSum:
        """What the first diagram reads."""
        return self.diagrams[0].domain

    @property
    def codomain(self) -> SortSum:
        """What the last diagram writes."""
        return self.diagrams[-1].codomain

    def then(self, after: "PolynomialDiagram | Path") -> "Path":
        """This path, followed by a diagram or a path that reads its outputs."""
        return Path(self.diagrams + (after.diagrams if isinstance(after, Path) else (after,)))

    def __str__(self) -> str:
        sets = [str(self.domain)]
        for diagram in self.diagrams:
            sets.append(f"<- {diagram.X} -> {diagram.Y} -> {diagram.Z}")
        return f"{', '.join(d.name for d in self.diagrams)}: {' '.join(sets)}"

    def __repr__(self) -> str:
        return f"<{self}>"


def check_composable(first: PolynomialDiagram, second: PolynomialDiagram) -> None:
    """Checks that one diagram reads exactly the outputs of another.

    Raises:
      AxiomError: The sorts differ, or it is unclear which output is which input.

    Example:
      >>> from catalign.polynomial import library
      >>> check_composable(library.pair_readout, library.floyd_warshall)
    """
    connection(first, second)


def connection(first: PolynomialDiagram, second: PolynomialDiagram) -> dict[str, str]:
    """Which input of `second` each output of `first` becomes.

    Fields of one name and sort belong together; if the names differ, fields of one sort do, where
    there is only one.

    Raises:
      AxiomError: The sorts differ, or it is unclear which output is which input.

    Example:
      >>> from catalign.polynomial import library
      >>> connection(library.convolution, library.bellman_ford.renamed(inputs={"f": "node"}))
      Traceback (most recent call last):
        ...
      catalign._errors.AxiomError: cannot compose diagrams: `first` ends in V (nodes) but `second`
      reads ...
    """
    both = f"  first  = {first}\n  second = {second}"
    if first.codomain != second.domain:
        raise AxiomError(
            f"cannot compose diagrams: `first` ends in {first.codomain} ({first.codomain.words}) "
            f"but `second` reads {second.domain} ({second.domain.words}).\n"
            f"{both}\n{_bridge(first, second)}"
        )
    if set(first.outputs) == set(second.inputs):
        return {port.name: port.name for port in first.outputs}
    if len(set(first.codomain)) < len(first.codomain):
        raise AxiomError(
            "cannot compose diagrams: it is unclear which of the outputs "
            f"{', '.join(port.name for port in first.outputs)} is which of the inputs "
            f"{', '.join(port.name for port in second.inputs)}.\n{both}\n"
            "Give the fields the same names, with `first.renamed(outputs=...)` or "
            "`second.renamed(inputs=...)`."
        )
    wanted = {port.sort: port.name for port in second.inputs}
    return {port.name: wanted[port.sort] for port in first.outputs}


def _bridge(first: PolynomialDiagram, second: PolynomialDiagram) -> str:
    missing = [port for port in second.inputs if port not in first.outputs]
    if set(first.outputs) < set(second.inputs) and set(missing) <= set(first.inputs):
        fields = ", ".join(f"{port.name}={port.sort}" for port in missing)
        return f"To pass on what `second` reads besides, use `first.carrying({fields})`."
    ends = (first.codomain, second.domain)
    for (start, end), name in _BRIDGES.items():
        if ends == (start, end):
            return f"To read {end.words} from {start.words} first, insert `library.{name}`."
    return "Choose diagrams whose ends agree, or add what is missing to `first` with `pair`."


def _prefixed(diagram: PolynomialDiagram, prefix: str) -> PolynomialDiagram:
    return diagram.renamed(
        inputs={port.name: prefix + port.name for port in diagram.inputs},
        outputs={port.name: prefix + port.name for port in diagram.outputs},
        messages={m.name: prefix + m.name for m in diagram.summands},
    )


def _ports(fields: Mapping[str, Sort] | Sequence[Port]) -> tuple[Port, ...]:
    if isinstance(fields, Mapping):
        return tuple(Port(name, sort) for name, sort in fields.items())
    return tuple(fields)
