"""Activity selection: by finish time, each that starts once the last one selected has finished."""

from catalign.nn.discrete.condition import Before, IsNone, Less, LessEqual, Not, Same
from catalign.nn.discrete.expression import End, I, K, Register, Successor
from catalign.nn.discrete.scalar import Of
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.typed.grammar import (
    CHAIN,
    PRED_H,
    either,
    program,
    some,
    true_of,
    typed,
)

_M, _LAST, _NOW = Register("m"), Register("k"), Register("m'")
_BEGUN = some(Select(None, False, (true_of("selected_h", K),)))
_NEXT = Successor("f", "s", _M, greatest=False)
_CLASHES = Less(Of("s", _NOW), Of("f", _LAST))
_OUT = Not(true_of("selected_h"))
_F, _S = (Of("f", I), Of("f", _M)), (Of("s", I), Of("s", _M))

ACTIVITY_SELECTOR = typed(
    program(
        "activity_selector",
        first={"pred_h": CHAIN, "m": End(False), "k": End(False), "selected_h": False},
        step={
            "pred_h": PRED_H,
            "m": either(_BEGUN, _NEXT, Successor("f", "s", None, greatest=False)),
            "k": either(Not(_BEGUN), _NOW, _CLASHES, _LAST, _NOW),
            "selected_h": either(Same(I, Register("k'")), True, true_of("selected_h")),
        },
        halt=either(_BEGUN, IsNone(_NEXT), False),
        outputs={"selected": true_of("selected_h")},
    ),
    invariants=(
        # The last one selected is selected, and no one behind the last one considered is.
        (_OUT, true_of("selected_h", _LAST)),
        (_OUT, LessEqual(*_F)),
        (_OUT, Less(*_F), LessEqual(*_S)),
        (_OUT, Less(*_F), Less(*_S), Not(Before(_M, I))),
    ),
)
