"""What is known of a learned rule, with the three kinds of evidence kept apart.

| evidence | says | of |
|---|---|---|
| `Proof` | equal to the algorithm | every instance of every size |
| `Exhaustive` | equal to the algorithm | every instance up to a size |
| `Sampled` | equal to the algorithm | the instances that were run |

One counterexample outweighs them all: a certificate that has one claims nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalign._errors import AxiomError, InputError


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Evidence for all sizes: a finite check, and the theorem that extends it to every instance.

    Attributes:
      statement: What holds, in one line.
      method: Why a finite check suffices, for example "bisimulation" or "0-1 principle".
      cases: How many finite cases were compared.

    Raises:
      InputError: `cases` is below 1. A check of nothing proves nothing.
    """

    statement: str
    method: str
    cases: int

    def __post_init__(self) -> None:
        _check_count("cases", self.cases)

    def __str__(self) -> str:
        return f"{self.statement} ({self.method}, {self.cases} cases)"


@dataclass(frozen=True, kw_only=True)
class Exhaustive:
    """Evidence up to a size: every instance was run.

    Attributes:
      statement: What was compared, in one line.
      up_to: The largest size.
      cases: How many instances were run.

    Raises:
      InputError: `cases` is below 1.
    """

    statement: str
    up_to: int
    cases: int

    def __post_init__(self) -> None:
        _check_count("cases", self.cases)

    def __str__(self) -> str:
        return f"{self.statement}, for all {self.cases} instances up to size {self.up_to}"


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Evidence from some instances: it says nothing of others.

    Attributes:
      family: The law that the instances follow, or the name of an adversarial family.
      size: Their size.
      count: How many were run.

    Raises:
      InputError: `count` is below 1.
    """

    family: str
    size: int
    count: int

    def __post_init__(self) -> None:
        _check_count("count", self.count)

    def __str__(self) -> str:
        return f"{self.count} of {self.family} at size {self.size}"


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often training met each cell of a finite table.

    Attributes:
      subject: The table, in a word or two.
      counts: For each cell, by name, how many training examples met it.

    Example:
      >>> print(Coverage(subject="digits", counts={"0": 3, "1": 0}))
      digits: 1 of 2 cells seen in training, least often 0 times; unseen: 1
    """

    subject: str
    counts: Mapping[str, int]

    @property
    def unseen(self) -> tuple[str, ...]:
        """The cells that training never met: what the rule does there is a guess."""
        return tuple(name for name, count in self.counts.items() if count == 0)

    def __str__(self) -> str:
        seen = len(self.counts) - len(self.unseen)
        text = (
            f"{self.subject}: {seen} of {len(self.counts)} cells seen in training, least often "
            f"{min(self.counts.values(), default=0)} times"
        )
        if not self.unseen:
            return text
        shown = ", ".join(self.unseen[:4]) + (", ..." if len(self.unseen) > 4 else "")
        return f"{text}; unseen: {shown}"


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """An instance on which the learned rule and the algorithm differ.

    Attributes:
      inputs: The instance, by the names of its parts.
      expected: What the algorithm gives.
      actual: What the learned rule gives.
      cell: The learned cell that is wrong, if it is known.
    """

    inputs: Mapping[str, Any]
    expected: Any
    actual: Any
    cell: str = ""

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {value}" for name, value in self.inputs.items())
        where = f", at {self.cell}" if self.cell else ""
        return f"on {given} it gives {self.actual}, but the algorithm {self.expected}{where}"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What is known of a learned rule: proved, exhaustive and sampled, or refuted.

    Attributes:
      subject: The rule and the algorithm, in one line.
      proved: Evidence for all sizes.
      exhaustive: Evidence up to a size.
      sampled: Evidence from some instances.
      preconditions: What the instances, or the machine, must satisfy for the evidence to apply.
      coverage: What training met of each finite table. It proves nothing; it says where a
        refutation is to be expected.
      rivals: Other terms that gave the same wherever examples were compared, each with an instance
        that tells it apart where one is known: training alone does not say which is meant.
      unproved: What a proof was tried of and not found, each with the reason and, where one is
        known, an instance. It is no evidence against the rule.
      counterexample: The first instance that refutes the rule; None if none is known.

    Raises:
      InputError: It both claims and refutes. A rule with a counterexample has no other evidence.

    Example:
      >>> proof = Proof(statement="f = g", method="all cells compared", cases=4)
      >>> certificate = Certificate(subject="f", proved=(proof,))
      >>> certificate.is_proved
      True
      >>> print(certificate)
      f: proved for all sizes
        proved: f = g (all cells compared, 4 cases)
    """

    subject: str
    proved: tuple[Proof, ...] = ()
    exhaustive: tuple[Exhaustive, ...] = ()
    sampled: tuple[Sampled, ...] = ()
    preconditions: tuple[str, ...] = ()
    coverage: tuple[Coverage, ...] = field(default=(), repr=False)
    rivals: tuple[str, ...] = field(default=(), repr=False)
    unproved: tuple[str, ...] = ()
    counterexample: Counterexample | None = None

    def __post_init__(self) -> None:
        claims = (*self.proved, *self.exhaustive, *self.sampled)
        if self.counterexample is not None and claims:
            raise InputError(
                f"the certificate of {self.subject} claims {claims[0]}, but its `counterexample` "
                f"says that {self.counterexample}. Give the one or the other."
            )

    @property
    def holds(self) -> bool:
        """Whether there is evidence for the rule, and none against it."""
        return self.counterexample is None and bool(self.proved or self.exhaustive or self.sampled)

    @property
    def is_proved(self) -> bool:
        """Whether the rule is right at every size, given the preconditions."""
        return self.counterexample is None and bool(self.proved)

    @property
    def verdict(self) -> str:
        """The strongest thing that may be said, in a few words."""
        if self.counterexample is not None:
            return "refuted"
        if self.proved:
            return "proved for all sizes"
        if self.exhaustive:
            return f"exhaustive up to size {max(e.up_to for e in self.exhaustive)}"
        return "sampled" if self.sampled else "nothing known"

    def require(self) -> None:
        """Raises unless the rule holds.

        Raises:
          AxiomError: It is refuted, or nothing is known of it; the message is the certificate.
        """
        if not self.holds:
            raise AxiomError(str(self))

    def __str__(self) -> str:
        head = f"{self.subject}: {self.verdict}"
        if self.counterexample is not None:
            head += f": {self.counterexample}"
        groups = (
            ("proved", self.proved),
            ("exhaustive", self.exhaustive),
            ("sampled", self.sampled),
            ("not proved", self.unproved),
            ("provided that", self.preconditions),
            ("coverage", self.coverage),
            ("fits as well", _some(self.rivals)),
        )
        return "\n".join([head, *(f"  {name}: {row}" for name, rows in groups for row in rows)])


def compose(
    subject: str, parts: Sequence[Certificate], *, wiring: str, preconditions: tuple[str, ...] = ()
) -> Certificate:
    """The certificate of a construction that is right whenever its parts are.

    Maths: equal parts in equal places give equal wholes (congruence). So it is proved exactly if
    every part is; a counterexample of a part is kept, because the whole rests on it.

    Args:
      subject: The construction, in one line.
      parts: The certificates of all learned parts.
      wiring: What puts the parts together, which is given and not learned.
      preconditions: What the construction needs beside the preconditions of its parts.

    Raises:
      InputError: There are no parts.

    Example:
      >>> cell = Certificate(subject="cell", proved=(Proof(statement="=", method="all", cases=2),))
      >>> compose("whole", [cell, cell], wiring="one after the other").verdict
      'proved for all sizes'
      >>> compose("whole", [cell, Certificate(subject="?")], wiring="side by side").verdict
      'nothing known'
    """
    if not parts:
        raise InputError(f"`parts` of {subject} is empty; compose at least one certificate.")
    needed = dict.fromkeys((*(p for part in parts for p in part.preconditions), *preconditions))
    known = {part.subject: part for part in parts}
    coverage = tuple(table for part in known.values() for table in part.coverage)
    refuted = next((part for part in parts if part.counterexample is not None), None)
    if refuted is not None:
        assert refuted.counterexample is not None
        return Certificate(
            subject=f"{subject}, because of {refuted.subject}",
            preconditions=tuple(needed),
            coverage=coverage,
            counterexample=refuted.counterexample,
        )
    proved: tuple[Proof, ...] = ()
    if all(part.is_proved for part in parts):
        names = ", ".join(known)
        cases = sum(proof.cases for part in known.values() for proof in part.proved)
        proved = (Proof(statement=f"{wiring}, of {names}", method="congruence", cases=cases),)
    return Certificate(
        subject=subject, proved=proved, preconditions=tuple(needed), coverage=coverage
    )


def _some(rows: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """The first rows, and how many more there are."""
    if len(rows) <= most:
        return tuple(rows)
    return (*rows[:most], f"and {len(rows) - most} more")


def _check_count(name: str, count: int) -> None:
    if count < 1:
        raise InputError(f"`{name}` is {count}, but evidence needs at least 1 case.")
