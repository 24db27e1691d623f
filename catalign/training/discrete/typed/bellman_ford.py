"""Bellman-Ford, by rounds: all edges out of reached nodes are relaxed at once."""

from catalign.nn.discrete.condition import IsNone, Less, LessEqual, Not, Same
from catalign.nn.discrete.expression import At, I, K, Register
from catalign.nn.discrete.scalar import Binary, Constant, Of, OfPair
from catalign.nn.discrete.selection import Best, Select
from catalign.training.discrete.typed.grammar import (
    Assumption,
    edge,
    either,
    keeps,
    program,
    true_of,
    typed,
)

_OFFERS = Select(Binary("+", Of("d", K), OfPair("A", K, I)), False, (true_of("msk", K), edge(K, I)))
_PI, _D, _REACHED = At("pi_h", I), Of("d", I), true_of("msk")
_WORSE = Not(Less(Best(_OFFERS), _D))

BELLMAN_FORD = typed(
    program(
        "bellman_ford",
        first={"pi_h": I, "d": 0.0, "msk": Same(I, Register("s"))},
        step={
            "msk": either(_REACHED, True, Not(IsNone(_OFFERS)), True, False),
            "pi_h": either(IsNone(_OFFERS), _PI, Not(_REACHED), _OFFERS, _WORSE, _PI, _OFFERS),
            "d": either(
                IsNone(_OFFERS), _D, Not(_REACHED), Best(_OFFERS), _WORSE, _D, Best(_OFFERS)
            ),
        },
        halt=either(keeps("d"), keeps("msk"), False),
        outputs={"pi": _PI},
    ),
    invariants=(
        (_REACHED, Same(_PI, I)),
        # The edge from the predecessor is there, and now promises no more than was found.
        (Same(_PI, I), true_of("msk", _PI)),
        (Same(_PI, I), edge(_PI, I)),
        (Same(_PI, I), LessEqual(Binary("+", Of("d", _PI), OfPair("A", _PI, I)), _D)),
    ),
    assumptions=(
        Assumption(
            "no loop of a node has a negative weight",
            ((LessEqual(Constant(0.0), OfPair("A", I, I)),),),
        ),
    ),
)
