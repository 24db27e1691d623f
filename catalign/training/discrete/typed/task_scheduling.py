"""Task scheduling: by decreasing weight, each that is in time takes the next slot."""

from catalign.nn.discrete.condition import Before, IsNone, Less, LessEqual, Not, Same
from catalign.nn.discrete.expression import End, I, Register, Successor
from catalign.nn.discrete.scalar import Binary, Constant, Of, OfGraph
from catalign.training.discrete.typed.grammar import (
    CHAIN,
    PRED_H,
    Assumption,
    either,
    program,
    true_of,
    typed,
)

_I, _NOW, _T = Register("i"), Register("i'"), OfGraph("t")
_BEGUN = Less(Constant(0.0), _T)
_NEXT = Successor("w", "", _I, greatest=True)
_FITS = Less(_T, Of("d", _NOW))
_OUT = Not(true_of("selected_h"))

TASK_SCHEDULING = typed(
    program(
        "task_scheduling",
        first={"pred_h": CHAIN, "i": End(False), "t": 0.0, "selected_h": False},
        step={
            "pred_h": PRED_H,
            "i": either(_BEGUN, _NEXT, Successor("w", "", None, greatest=True)),
            "t": either(_FITS, Binary("+", _T, Constant(1.0)), _T),
            "selected_h": either(Same(I, _NOW), either(_FITS, True, False), true_of("selected_h")),
        },
        halt=either(_BEGUN, IsNone(_NEXT), False),
        outputs={"selected": true_of("selected_h")},
    ),
    invariants=(
        (LessEqual(Constant(0.0), _T),),
        # At the start no task was considered.
        (_BEGUN, _OUT),
        (_BEGUN, Same(_I, End(False))),
        (_OUT, LessEqual(Of("w", _I), Of("w", I))),
        (_OUT, Less(Of("w", _I), Of("w", I)), Not(Before(_I, I))),
    ),
    assumptions=(
        Assumption("deadlines are at least 1", ((LessEqual(Constant(1.0), Of("d", I)),),)),
    ),
)
