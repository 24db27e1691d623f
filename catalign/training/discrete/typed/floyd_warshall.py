"""Floyd-Warshall: every pair tries the way through the next node."""

from catalign.nn.discrete.condition import Before, IsNone, Less, LessEqual, Not, Same
from catalign.nn.discrete.expression import AtPair, End, Expression, I, J, K, Register, Step
from catalign.nn.discrete.rule import Tree
from catalign.nn.discrete.scalar import Binary, Constant, OfPair
from catalign.training.discrete.typed.grammar import NONNEGATIVE, edge, either, program, typed

_K = Register("k")
_THERE, _FROM, _TO = (edge(a, b, "msk") for a, b in ((I, J), (I, _K), (_K, J)))
_THROUGH = Binary("+", OfPair("D", I, _K), OfPair("D", _K, J))
_OLD, _D = AtPair("Pi_h", I, J), OfPair("D", I, J)


def _better(then: Expression, otherwise: Expression) -> Tree:
    return either(
        *(Not(_FROM), otherwise),
        *(Not(_TO), otherwise),
        *(Not(_THERE), then),
        *(Less(_THROUGH, _D), then),
        otherwise,
    )


FLOYD_WARSHALL = typed(
    program(
        "floyd_warshall",
        first={
            "k": End(False),
            "Pi_h": I,
            "D": OfPair("A", I, J),
            "msk": either(Same(I, J), True, edge(I, J), True, False),
        },
        step={
            "k": Step(_K, True),
            "Pi_h": _better(AtPair("Pi_h", _K, J), _OLD),
            "D": _better(_THROUGH, _D),
            "msk": either(_THERE, True, _FROM, either(_TO, True, False), False),
        },
        halt=IsNone(Step(_K, True)),
        outputs={"Pi": AtPair("Pi_h'", I, J)},
    ),
    invariants=(
        # There is a path through every node before k.
        (
            Not(edge(I, K, "msk")),
            Not(edge(K, J, "msk")),
            Not(Before(K, _K)),
            _THERE,
        ),
        (LessEqual(Constant(0.0), _D),),
        # The node before the last of a path is its first or was tried, and next to its last.
        (Same(_OLD, I), Before(_OLD, _K)),
        (Same(_OLD, I), edge(_OLD, J, "msk")),
        (Same(_OLD, I), _THERE),
    ),
    assumptions=(NONNEGATIVE,),
)
