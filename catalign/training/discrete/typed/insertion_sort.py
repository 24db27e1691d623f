"""Insertion sort: the next node goes before the first one in the list with a greater key."""

from catalign.nn.discrete.condition import Before, IsNone, Less, Not, Same
from catalign.nn.discrete.expression import At, End, I, K, Register, Step
from catalign.nn.discrete.scalar import Of
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.typed.grammar import CHAIN, PRED_H, either, program, typed

_J, _GAP = Register("j'"), Register("i'")
# The nodes up to j' are in order, of equal keys the first one first.
_GREATER = Select(Of("key", K), False, (Not(Before(_J, K)), Less(Of("key", _J), Of("key", K))))
_BEFORE = At("pred_h", _GAP)

INSERTION_SORT = typed(
    program(
        "insertion_sort",
        first={"pred_h": CHAIN, "i": End(False), "j": End(False)},
        step={
            "j": Step(Register("j"), True),
            "i": either(IsNone(_GREATER), _J, _GREATER),
            "pred_h": either(
                Same(I, _J),
                # The head of the list points to itself.
                either(Same(_BEFORE, _GAP), I, _BEFORE),
                Same(I, _GAP),
                _J,
                Same(I, Step(_J, True)),
                either(Same(_J, _GAP), _J, At("pred_h", _J)),
                PRED_H,
            ),
        },
        halt=IsNone(Step(Register("j"), True)),
        outputs={"pred": PRED_H},
    ),
    # Nodes that were not looked at are in the order in which they are given.
    invariants=((Not(Before(Step(Register("j"), True), I)), Same(PRED_H, Step(I, False))),),
)
