"""Dijkstra's algorithm: the nearest node of the queue is final, and its edges are relaxed."""

from catalign.nn.discrete.condition import IsNone, Less, LessEqual, Not, Same
from catalign.nn.discrete.expression import At, Expression, I, J, K, Register
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import Tree
from catalign.nn.discrete.scalar import Binary, Of, OfPair, Scalar
from catalign.nn.discrete.selection import Select
from catalign.training.discrete.typed.grammar import (
    NONNEGATIVE,
    Statement,
    edge,
    either,
    program,
    true_of,
    typed,
)

U = Register("u'")
"""The node that the step takes out of the queue."""
_S, _PI = Register("s"), At("pi_h", I)
_OUT = Not(true_of("in_queue"))


def search(name: str, key: str, offer: Scalar) -> Program:
    """A priority-first search.

    Args:
      name: The algorithm.
      key: The field of the priorities.
      offer: The priority that u offers to each node.
    """

    def accepted(then: Expression, otherwise: Expression) -> Tree:
        return either(
            *(true_of("mark'"), otherwise),
            *(Not(edge(U, I)), otherwise),
            *(_OUT, then),
            *(Less(offer, Of(key, I)), then),
            otherwise,
        )

    return program(
        name,
        first={
            "u": _S,
            "pi_h": I,
            key: 0.0,
            "mark": False,
            "in_queue": Same(I, _S),
        },
        step={
            "u": Select(Of(key, K), False, (true_of("in_queue", K),)),
            "mark": either(Same(I, U), True, true_of("mark")),
            "in_queue": either(true_of("mark'"), False, edge(U, I), True, true_of("in_queue")),
            "pi_h": accepted(U, _PI),
            key: accepted(offer, Of(key, I)),
        },
        halt=IsNone(Select(None, False, (true_of("in_queue", K),))),
        outputs={"pi": _PI},
    )


SEARCH: tuple[Statement, ...] = (
    # No node is in the queue and marked.
    (_OUT, Not(true_of("mark"))),
    # The predecessor is marked, but for nodes that no edge has led to, and the source.
    (true_of("mark", _PI), Same(_PI, I)),
    (true_of("mark"), true_of("in_queue"), Same(_PI, I)),
    (_OUT, true_of("mark", _PI), Same(I, _S)),
    # The source is alone in the queue as long as it is there.
    (true_of("mark", _S), true_of("in_queue", _S)),
    (Not(true_of("in_queue", _S)), _OUT, Same(I, _S)),
)
"""What holds of every state of a priority-first search."""

_NEAREST = (Not(true_of("mark")), Not(true_of("in_queue", J)), LessEqual(Of("d", I), Of("d", J)))
"""A marked node is no farther than one in the queue."""

_SUM = Binary("+", Of("d", _PI), OfPair("A", _PI, I))
_OFFERED: tuple[Statement, ...] = (
    (_OUT, Same(I, _S), LessEqual(Of("d", I), _SUM)),
    (_OUT, Same(I, _S), LessEqual(_SUM, Of("d", I))),
)
"""The distance of a node in the queue is its predecessor's offer."""

DIJKSTRA = typed(
    search("dijkstra", "d", Binary("+", Of("d", U), OfPair("A", U, I))),
    invariants=(*SEARCH, _NEAREST, *_OFFERED),
    assumptions=(NONNEGATIVE,),
)
