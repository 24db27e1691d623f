"""The diagrams that alignments need beside those of the library."""

from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, terminal
from catalign.polynomial.leg import pointer as follow
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import ONE, V

collect = PolynomialDiagram(
    "collect",
    {"total": ONE, "item": V},
    outputs={"total": ONE},
    summands=[
        Message(
            "keep",
            ONE,
            (Argument("total", "total", identity(ONE)),),
            Output("total", identity(ONE)),
        ),
        Message("item", V, (Argument("item", "item", identity(V)),), Output("total", terminal(V))),
    ],
)
"""The graph adds the items at its nodes to what it has: one step of a fold.

Maths: `total += total` and `total += item[v]  for v in V`
"""

ripple = PolynomialDiagram(
    "ripple",
    {"state": V, "generate": V, "propagate": V},
    outputs={"state": V},
    summands=[
        Message(
            "generate",
            V,
            (Argument("generate", "generate", identity(V)),),
            Output("state", identity(V)),
        ),
        Message(
            "propagate",
            V,
            (
                Argument("propagate", "propagate", identity(V)),
                Argument("before", "state", follow("pred")),
            ),
            Output("state", identity(V)),
        ),
    ],
)
"""A state that runs along a chain: made at a node, or passed on from the node before.

Maths: `state[v] += generate[v]` and `state[v] += propagate[v] * state[pred(v)]  for v in V`
"""
