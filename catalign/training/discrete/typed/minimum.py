"""The minimum: a scan in the order of the nodes."""

from catalign.nn.discrete.condition import IsNone, Less
from catalign.nn.discrete.expression import End, Register, Step
from catalign.nn.discrete.scalar import Of
from catalign.training.discrete.typed.grammar import CHAIN, PRED_H, either, program, typed

_FIRST, _I, _LEAST = End(False), Register("i"), Register("min_h")

MINIMUM = typed(
    program(
        "minimum",
        first={
            "pred_h": CHAIN,
            "min_h": _FIRST,
            "i": _FIRST,
        },
        step={
            "pred_h": PRED_H,
            "i": Step(_I, True),
            "min_h": either(
                Less(Of("key", Register("i'")), Of("key", _LEAST)), Register("i'"), _LEAST
            ),
        },
        halt=IsNone(Step(_I, True)),
        outputs={"min": _LEAST},
    )
)
