"""What the laws of Para are tried on: exact integer maps, and elements of every functor."""

from hypothesis import strategies as st

from catalign.para.functor import (
    ACTION,
    LIST,
    MEALY,
    MOORE,
    NODE_TREE,
    ROSE,
    STREAM,
    TREE,
)
from catalign.para.parametric import ParametricMap

# Affine maps with a constant of their own: no two commute, and no two are equal.
FIRST, SECOND, THIRD = (
    ParametricMap(lambda p, x, c=c: p[0] * x + p[1] + c, name=f"f{c}") for c in (1, 2, 3)
)

integers = st.integers(-9, 9)
affine = st.tuples(integers, integers)

ELEMENTS = {
    LIST: (LIST.element("nil"), LIST.element("cons", 1, 2)),
    TREE: (TREE.element("leaf", 1), TREE.element("node", 2, 3)),
    ROSE: (ROSE.element("leaf", 1), ROSE.element("node", (2, 3, 4))),
    NODE_TREE: (NODE_TREE.element("empty"), NODE_TREE.element("node", 1, 2, 3)),
    ACTION: (ACTION.element("act", 1, 2),),
    STREAM: (STREAM.element("stream", 1, 2),),
    MEALY: (MEALY.element("mealy", lambda i: (i + 1, 2 * i)),),
    MOORE: (MOORE.element("moore", 1, lambda i: 2 * i),),
}
INPUTS = (0, 3, -1)
