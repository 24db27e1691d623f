"""What a proof says in a certificate: what is equal to what, and what that rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalign.algorithms.spec import Kind
from catalign.alignment.certificate import Proof
from catalign.nn.discrete.condition import IsGraph
from catalign.nn.discrete.program import FIXED, Program
from catalign.nn.discrete.rule import Own, conditions, expressions
from catalign.nn.discrete.scalar import Binary
from catalign.training.discrete.agreement import Disagreement
from catalign.training.discrete.proof.equality import Obligation, Typed, prove
from catalign.training.discrete.proof.reading import NotExpressibleError

METHOD = "the same values in every case of both rules' conditions, at every state of an invariant"


@dataclass(frozen=True)
class Evidence:
    """What came of a proof.

    Attributes:
      proved: The proof, if there is one.
      preconditions: What it rests on.
      unproved: What is open, with reasons.
    """

    proved: tuple[Proof, ...] = ()
    preconditions: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()


def weigh(
    program: Program,
    typed: Typed,
    tie: str,
    found: Mapping[str, Disagreement],
) -> Evidence:
    """Tries to prove that a program equals typed rules.

    Args:
      program: The program.
      typed: The typed rules.
      tie: How they are known to be the algorithm, in words.
      found: Where the program's rules disagree with the algorithm.
    """
    try:
        obligations = prove(program, typed)
    except NotExpressibleError as error:
        return Evidence(unproved=(f"no proof was tried: {error}",))
    left = [o for o in obligations if not o.is_proved]
    if left:
        return Evidence(unproved=tuple(_open(o, found) for o in left))
    if found:
        name, apart = next(iter(found.items()))
        return Evidence(unproved=(f"{name}: equal to the typed rules but for rounding; {apart}",))
    proof = Proof(
        statement=f"the rules equal the typed rules of {typed.program.name}",
        method=METHOD,
        cases=sum(o.cases for o in obligations),
    )
    return Evidence((proof,), _preconditions(program, typed, tie))


def _open(obligation: Obligation, found: Mapping[str, Disagreement]) -> str:
    apart = found.get(obligation.name)
    told = str(apart) if apart else "no instance that was run tells the two apart"
    return f"{obligation.name}: {obligation.open}; {told}"


def _preconditions(program: Program, typed: Typed, tie: str) -> tuple[str, ...]:
    needed = [tie, *(a.text for a in typed.assumptions)]
    if program.given:
        needed.append(f"the first value of {', '.join(program.given)} is given")
    if any(p.kind is Kind.SCALAR for p in program.spec):
        needed.append("every scalar is a number, and none is infinite")
    if any(_rounds(e) for p in (program, typed.program) for e in _expressions(p)):
        needed.append("sums of scalars are exact")
    if any(_is_tolerant(e, program) for p in (program, typed.program) for e in _expressions(p)):
        needed.append("numbers that are compared up to rounding are equal, or differ by more")
    return tuple(needed)


def _rounds(expression: object) -> bool:
    return isinstance(expression, Binary) and expression.operation not in ("min", "max")


def _is_tolerant(expression: object, program: Program) -> bool:
    """Whether numbers are compared up to rounding: whether a step keeps them."""
    match expression:
        case IsGraph(name) | Own(name):
            kept = name.removeprefix(FIXED).strip()
            scalars = {p.name for p in program.spec.hints if p.kind is Kind.SCALAR}
            return name.startswith(FIXED) and bool(scalars & ({kept} if kept else scalars))
        case _:
            return False


def _expressions(program: Program) -> Sequence[object]:
    trees = [r.tree for r in (*program.first, *program.step, *program.outputs)]
    trees.append(program.halt)
    return [e for tree in trees for e in (*expressions(tree), *conditions(tree))]
