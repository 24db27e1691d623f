"""Breadth-first search, by rounds: each new node points to its first finder."""

from catalign.nn.discrete.condition import Same
from catalign.nn.discrete.expression import At, I, K, Register
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.typed.grammar import (
    edge,
    either,
    keeps,
    program,
    some,
    true_of,
    typed,
)

_FINDER = Select(None, False, (true_of("reach_h", K), edge(K, I)))
_PI = At("pi_h", I)

BFS = typed(
    program(
        "bfs",
        first={"reach_h": Same(I, Register("s")), "pi_h": I},
        step={
            "reach_h": either(true_of("reach_h"), True, some(_FINDER), True, False),
            "pi_h": either(true_of("reach_h"), _PI, some(_FINDER), _FINDER, _PI),
        },
        halt=keeps("reach_h"),
        outputs={"pi": _PI},
    ),
    invariants=((true_of("reach_h"), Same(_PI, I)),),
)
