"""The naive string matcher: at each shift, character by character, until one differs."""

from catalign.nn.discrete.condition import Before, IsNone, Less, Not, Same, SameClass
from catalign.nn.discrete.expression import End, I, J, K, Node, Register, Step
from catalign.nn.discrete.scalar import Binary, Count, Index
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.proof.equality import Assumption
from catalign.training.discrete.typed.grammar import PRED_H, either, program, some, true_of, typed

_S, _I, _J = Register("s"), Register("i"), Register("j")
_NEEDLE = Select(None, False, (true_of("string", K),))
_AGREES = SameClass("key", _I, _J)


def _fits(shift: Node) -> Less:
    """The needle fits in the haystack behind a shift, with a character to spare."""
    return Less(Binary("+", Index(shift), Count("string", 1)), Count("string", 0))


_IN_NEEDLE = true_of("string")
_NEXT = Step(I, True)

NAIVE_STRING_MATCHER = typed(
    program(
        "naive_string_matcher",
        first={
            "pred_h": either(IsNone(Step(I, False)), I, Same(I, _NEEDLE), I, Step(I, False)),
            "s": End(False),
            "i": End(False),
            "j": _NEEDLE,
        },
        step={
            "pred_h": PRED_H,
            "s": either(_AGREES, _S, Step(_S, True)),
            "i": either(_AGREES, Step(_I, True), Register("s'")),
            "j": either(_AGREES, Step(_J, True), _NEEDLE),
        },
        halt=either(_AGREES, IsNone(Step(_J, True)), Not(_fits(_S))),
        outputs={"match": either(_AGREES, _S, _NEEDLE)},
    ),
    invariants=(
        (true_of("string", _J),),
        (Before(_I, _J),),
        # The needle is a chain.
        (Not(true_of("string", Step(I, False))), Same(PRED_H, Step(I, False))),
    ),
    assumptions=(
        Assumption(
            "a haystack, then a needle",
            (
                (Not(true_of("string", End(False))),),
                (true_of("string", End(True)),),
                (Not(_IN_NEEDLE), Not(Before(I, J)), true_of("string", J)),
                (Not(_fits(I)), some(_NEXT)),
                (Not(_fits(I)), Not(true_of("string", _NEXT))),
            ),
        ),
    ),
)
