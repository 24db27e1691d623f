import dataclasses
import itertools

import jax
import jax.numpy as jnp
import pytest

from catalign._errors import AxiomError, InputError, UnsupportedError
from catalign.para.agreement import check_agreement, difference
from catalign.para.functor import (
    LIST,
    MEALY,
    MOORE,
    NODE_TREE,
    ROSE,
    STREAM,
    TREE,
    Element,
    PolynomialFunctor,
    Several,
)
from catalign.para.parametric import identity
from catalign.para.strength import check_strength, lift, observe
from tests.para.samples import ELEMENTS, FIRST, INPUTS, SECOND

everywhere = pytest.mark.parametrize("functor", list(ELEMENTS), ids=lambda f: f.name)


def seen(functor, element):
    return observe(functor, element, INPUTS)


@everywhere
def test_a_functor_keeps_identities_and_composites(functor):
    for t in ELEMENTS[functor]:
        assert seen(functor, functor.map(lambda x: x, t)) == seen(functor, t)
        stepwise = functor.map(lambda x: x + 1, functor.map(lambda x: 3 * x, t))
        assert seen(functor, stepwise) == seen(functor, functor.map(lambda x: 3 * x + 1, t))


def test_a_planted_fault_in_a_functor_breaks_its_laws():
    @dataclasses.dataclass(frozen=True)
    class Mirrored(PolynomialFunctor):
        def map(self, function, element):
            mapped = super().map(function, element)
            return Element(mapped.position, mapped.label, mapped.children[::-1])

    mirrored, node = Mirrored("MIRRORED", TREE.summands), TREE.element("node", 2, 3)
    assert seen(mirrored, mirrored.map(lambda x: x, node)) != seen(mirrored, node)
    twice = mirrored.map(lambda x: x, mirrored.map(lambda x: x, node))
    assert seen(mirrored, twice) != seen(mirrored, mirrored.map(lambda x: x, node))


@everywhere
def test_the_strength_is_natural_and_keeps_unit_and_product(functor):
    check_strength(functor, ELEMENTS[functor], params=(5, 7), inputs=INPUTS)


@pytest.mark.parametrize(
    ("law", "broken"),
    [
        ("unit axiom", lambda p, t: Element(0, None, ())),
        ("product axiom", lambda p, t: TREE.map(lambda x: (_twice(p), x), t)),
        ("naturality", lambda p, t: TREE.map(lambda x: (_clipped(p), x), t)),
    ],
)
def test_a_planted_fault_in_a_strength_is_found(law, broken):
    with pytest.raises(AxiomError, match=f"`{law} .* for TREE` does not hold"):
        check_strength(
            TREE,
            ELEMENTS[TREE],
            params=(5, 7),
            strength=broken,
            functions=(lambda p: 2 * p, lambda x: x),
        )


def _twice(p):
    return p if p == () else (p, p)


def _clipped(p):
    """Respects units and pairs, and changes no number that `params` holds."""
    return tuple(map(_clipped, p)) if isinstance(p, tuple) else min(p, 7)


@everywhere
def test_lifting_to_para_keeps_composites_and_identities(functor):
    p, q = (2, 3), (5, 7)
    for t in ELEMENTS[functor]:
        whole = lift(functor, FIRST.then(SECOND))((q, p), t)
        parts = lift(functor, FIRST).then(lift(functor, SECOND))((q, p), t)
        check_agreement(seen(functor, whole), seen(functor, parts), law="Para(F)(g.f)")
        assert seen(functor, lift(functor, identity())((), t)) == seen(functor, t)
    t = ELEMENTS[functor][-1]
    swapped = lift(functor, SECOND).then(lift(functor, FIRST))((q, p), t)
    assert difference(seen(functor, swapped), seen(functor, whole)) is not None


@pytest.mark.parametrize("functor", [LIST, TREE, NODE_TREE, STREAM, MOORE, MEALY], ids=str)
@pytest.mark.parametrize(("n_label", "n_child", "n_input"), [(2, 3, 2), (3, 1, 1), (1, 2, 3)])
def test_the_diagram_counts_the_elements(functor, n_label, n_child, n_input):
    labels, children = range(n_label), range(n_child)
    count = 0
    for summand in functor.summands:
        n_direction = summand.directions if isinstance(summand.directions, int) else n_input
        n_slot = n_input if summand.label_sees_input else int(summand.label is not None)
        choices = [labels] * n_slot + [children] * n_direction
        count += len(list(itertools.product(*choices)))
    (polynomial,) = functor.to_diagram(n_label=n_label, n_input=n_input).polynomials
    assert sum(n_child ** len(monomial) for monomial in polynomial) == count


def test_lists_have_no_finite_diagram():
    with pytest.raises(UnsupportedError, match=r"A \+ List\(y\) has infinitely many"):
        ROSE.to_diagram()


def test_cases_choose_by_a_position_that_is_traced():
    @jax.jit
    def total(position, label, left, right):
        element = NODE_TREE.choose(position, label=label, children=(left, right))
        return NODE_TREE.match(element, empty=lambda: -1, node=lambda a, x, y: a + x - y)

    assert [int(total(k, 10, 2, 1)) for k in (0, 1)] == [-1, 11]
    known = NODE_TREE.element("node", 10, 2, 1)
    assert NODE_TREE.match(known, empty=lambda: -1, node=lambda a, x, y: a + x - y) == 11


def test_padding_of_several_children_stays_marked():
    several = Several(jnp.arange(3), jnp.array([True, True, False]))
    mapped = ROSE.map(lambda x: 2 * x, ROSE.element("node", several)).children
    assert mapped.values.tolist() == [0, 2, 4]
    assert mapped.mask.tolist() == [True, True, False]


def test_wrong_elements_and_cases_are_refused():
    with pytest.raises(
        InputError, match=r"LIST has no constructor 'leaf'. It has \['nil', 'cons'\]"
    ):
        LIST.element("leaf", 1)
    with pytest.raises(InputError, match=r"'cons' of LIST is A\*y: it takes 2 arguments but got 1"):
        LIST.element("cons", 1)
    with pytest.raises(InputError, match=r"the cases \['cons'\] do not fit LIST = 1 \+ A\*y"):
        LIST.match(LIST.element("nil"), cons=lambda a, x: x)
    with pytest.raises(InputError, match=r"traced position but only 0 children. Build it with"):
        jax.jit(lambda t: LIST.match(t, nil=lambda: 0, cons=lambda a, x: x))(LIST.element("nil"))
