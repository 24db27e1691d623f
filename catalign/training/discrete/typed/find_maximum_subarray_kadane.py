"""Kadane's algorithm: the best subarray that ends here extends the last one, or begins anew."""

from catalign.nn.discrete.condition import Before, IsNone, Less, Not
from catalign.nn.discrete.expression import End, Register, Step
from catalign.nn.discrete.scalar import Binary, Constant, Of, OfGraph
from catalign.training.discrete.typed.grammar import CHAIN, PRED_H, either, program, typed

_FIRST, _J = End(False), Register("j'")
_HERE = Of("key", _J)
_LOST = Less(OfGraph("sum"), Constant(0.0))
_BETTER = Less(OfGraph("best_sum"), OfGraph("sum'"))

FIND_MAXIMUM_SUBARRAY_KADANE = typed(
    program(
        "find_maximum_subarray_kadane",
        first={
            "pred_h": CHAIN,
            "best_low": _FIRST,
            "best_high": _FIRST,
            "best_sum": Of("key", _FIRST),
            "i": _FIRST,
            "j": _FIRST,
            "sum": Of("key", _FIRST),
        },
        step={
            "pred_h": PRED_H,
            "j": Step(Register("j"), True),
            "i": either(_LOST, _J, Register("i")),
            "sum": either(_LOST, _HERE, Binary("+", OfGraph("sum"), _HERE)),
            "best_low": either(_BETTER, Register("i'"), Register("best_low")),
            "best_high": either(_BETTER, _J, Register("best_high")),
            "best_sum": either(_BETTER, OfGraph("sum'"), OfGraph("best_sum")),
        },
        halt=IsNone(Step(Register("j"), True)),
        outputs={"start": Register("best_low"), "end": Register("best_high")},
    ),
    # The best so far ends before the next node.
    invariants=((Not(Before(Register("j"), Register("best_high"))),),),
)
