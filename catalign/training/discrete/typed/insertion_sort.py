"""Insertion sort: the next node goes before the first one in the list with a greater key."""

from catalign.nn.discrete.condition import IsNone, Less, Same
from catalign.nn.discrete.expression import At, End, I, K, Register, Step
from catalign.nn.discrete.scalar import Depth, Of
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.typed.grammar import CHAIN, PRED_H, either, program, typed

_J, _GAP = Register("j'"), Register("i'")
_GREATER = Select(Depth("pred_h", K), False, (Less(Of("key", _J), Of("key", K)),))
_BEFORE = At("pred_h", _GAP)

INSERTION_SORT = typed(
    program(
        "insertion_sort",
        first={"pred_h": CHAIN, "i": End(False), "j": End(False)},
        step={
            "j": Step(Register("j"), True),
            "i": either(Less(Of("key", _J), Of("key", At("pred_h", _J))), _GREATER, _J),
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
)
