"""Matrix chains: every chain tries all of its splits at once, as long as one gets cheaper."""

from catalign.nn.discrete.condition import Before, IsNone, Less, LessEqual, Not, Same
from catalign.nn.discrete.expression import AtPair, End, I, J, K, Node, Step
from catalign.nn.discrete.scalar import Binary, Constant, Of, OfPair, Scalar
from catalign.nn.discrete.selection import Best, Select
from catalign.training.discrete.typed.grammar import (
    CHAIN,
    PRED_H,
    edge,
    either,
    keeps,
    program,
    some,
    typed,
)

_THERE, _M, _S = edge(I, J, "msk"), OfPair("m", I, J), AtPair("s_h", I, J)


def _cost(k: Node) -> Scalar:
    """What a chain costs that is split behind k."""
    halves = Binary("+", OfPair("m", I, k), OfPair("m", Step(k, True), J))
    scale = Binary("*", Of("p", Step(I, False)), Of("p", k))
    return Binary("+", halves, Binary("*", scale, Of("p", J)))


_SPLIT = Select(_cost(K), False, (edge(I, K, "msk"), edge(Step(K, True), J, "msk")))
_WORSE = Not(Less(Best(_SPLIT), _M))

MATRIX_CHAIN_ORDER = typed(
    program(
        "matrix_chain_order",
        first={
            "pred_h": CHAIN,
            "m": 0.0,
            "s_h": End(False),
            "msk": either(Same(I, J), either(some(Step(I, False)), True, False), False),
        },
        step={
            "pred_h": PRED_H,
            "m": either(IsNone(_SPLIT), _M, Not(_THERE), Best(_SPLIT), _WORSE, _M, Best(_SPLIT)),
            "s_h": either(IsNone(_SPLIT), _S, Not(_THERE), _SPLIT, _WORSE, _S, _SPLIT),
            "msk": either(_THERE, True, some(_SPLIT), True, False),
        },
        halt=either(keeps("m"), keeps("msk"), False),
        outputs={"s": _S},
    ),
    invariants=(
        # Node 0 stands for no matrix, and a chain of one costs nothing.
        (Not(_THERE), some(Step(I, False))),
        (Not(_THERE), Not(Before(J, I))),
        (_THERE, Same(_S, End(False))),
        (_THERE, LessEqual(_M, Constant(0.0))),
        (_THERE, LessEqual(Constant(0.0), _M)),
        (Not(Same(I, J)), LessEqual(_M, Constant(0.0))),
        (Not(Same(I, J)), LessEqual(Constant(0.0), _M)),
        # The halves of a split are there, and promise no more than was found.
        (Not(_THERE), Same(I, J), edge(I, _S, "msk")),
        (Not(_THERE), Same(I, J), edge(Step(_S, True), J, "msk")),
        (Not(_THERE), Same(I, J), LessEqual(_cost(_S), _M)),
    ),
)
