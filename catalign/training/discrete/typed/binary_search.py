"""Binary search: half of the nodes that are left, at each step."""

from catalign.nn.discrete.condition import Before, Less, Not, Same
from catalign.nn.discrete.expression import End, Middle, Register, Step
from catalign.nn.discrete.scalar import Of, OfGraph
from catalign.training.discrete.typed.grammar import CHAIN, PRED_H, either, program, typed

_LOW, _HIGH, _MID = Register("low"), Register("high"), Register("mid")
_NEXT = Middle(Register("low'"), Register("high'"))
_RIGHT = Less(Of("key", _MID), OfGraph("target"))

BINARY_SEARCH = typed(
    program(
        "binary_search",
        first={"pred_h": CHAIN, "low": End(False), "high": End(True), "mid": _NEXT},
        step={
            "pred_h": PRED_H,
            "low": either(_RIGHT, Step(_MID, True), _LOW),
            "high": either(_RIGHT, _HIGH, _MID),
            "mid": _NEXT,
        },
        halt=Not(Before(_LOW, _HIGH)),
        outputs={"return": _HIGH},
    ),
    invariants=((Not(Before(_HIGH, _LOW)),), (Same(_MID, Middle(_LOW, _HIGH)),)),
)
