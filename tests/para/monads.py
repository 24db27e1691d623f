"""Monads, cells and trees that the tests of monads and of lax algebras share."""

from hypothesis import strategies as st

from catalign.algebra.monoid import Monoid
from catalign.para.functor import TREE
from catalign.para.monad import End, action_monad
from catalign.para.parametric import ParametricMap

integers = st.integers(-5, 5)
naturals = st.integers(0, 3)
COUNTS = action_monad(Monoid(name="count", op=lambda a, b: a + b, unit=0))
POWER = ParametricMap(lambda p, t: p[0] ** t[0] * t[1], name="power")
HORNER = ParametricMap(
    lambda p, t: TREE.match(t, leaf=lambda a: p[0] * a, node=lambda x, y: x - p[0] * y + p[1])
)
trees = st.recursive(
    st.one_of(integers.map(End), integers.map(lambda a: TREE.element("leaf", a))),
    lambda child: st.builds(lambda x, y: TREE.element("node", x, y), child, child),
    max_leaves=3,
)
nested_trees = st.recursive(
    trees.map(End),
    lambda child: st.builds(lambda x, y: TREE.element("node", x, y), child, child),
    max_leaves=2,
)
pairs = st.tuples(integers, integers)
