import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, UnsupportedError
from catalign.para.lens import Lens
from catalign.para.poly import Poly
from tests.para.polys import all_lenses, lenses, polys
from tests.strategies import LAW

NODE = Poly.of({"off": (), "on": (0, 1)})


@LAW
@given(st.data())
def test_lenses_are_a_category(data):
    f = data.draw(lenses())
    g = data.draw(lenses(f.target))
    h = data.draw(lenses(g.target))
    assert f.then(g).then(h) == f.then(g.then(h))
    assert Lens.identity(f.source).then(f) == f == f.then(Lens.identity(f.target))
    assert hash(f.then(Lens.identity(f.target))) == hash(f)


@LAW
@given(st.data())
def test_both_products_of_lenses_respect_composition(data):
    f, g = data.draw(lenses()), data.draw(lenses())
    f2, g2 = data.draw(lenses(f.target)), data.draw(lenses(g.target))
    assert (f @ g).then(f2 @ g2) == f.then(f2) @ g.then(g2)
    assert f.compose(g).then(f2.compose(g2)) == f.then(f2).compose(g.then(g2))
    p, q = f.source, g.source
    assert Lens.identity(p) @ Lens.identity(q) == Lens.identity(p @ q)
    assert Lens.identity(p).compose(Lens.identity(q)) == Lens.identity(p.compose(q))


def test_a_swap_in_the_wrong_place_breaks_the_laws():
    swap = Lens(lambda i: i, lambda i, d: 1 - d, NODE, NODE)
    still, shut = Lens.identity(NODE), Lens(lambda i: "off", lambda i, d: d, NODE, NODE)
    assert swap.then(swap) == still != swap
    assert (swap @ still) != (still @ swap)
    assert swap.compose(still) != still.compose(swap)
    assert swap.then(shut) != swap


@LAW
@given(lenses())
def test_every_lens_is_a_vertical_and_then_a_cartesian_one(f):
    vertical, cartesian = f.factor()
    assert vertical.is_vertical
    assert cartesian.is_cartesian
    assert vertical.then(cartesian) == f


@LAW
@given(polys, polys)
def test_a_lens_is_both_vertical_and_cartesian_exactly_if_it_has_an_inverse(p, q):
    backwards = list(all_lenses(q, p))
    for f in all_lenses(p, q):
        inverse = any(
            f.then(g) == Lens.identity(p) and g.then(f) == Lens.identity(q) for g in backwards
        )
        assert inverse == (f.is_vertical and f.is_cartesian)


def natural(lens, position, children):
    """The lens on an element of p(X), as the natural transformation that it is."""
    shown = lens.forward(position)
    return shown, tuple(
        children[lens.source.directions(position).index(lens.backward(position, d))]
        for d in lens.target.directions(shown)
    )


@LAW
@given(st.data())
def test_a_lens_is_a_natural_transformation(data):
    f = data.draw(lenses())
    g = data.draw(lenses(f.target))
    position = data.draw(st.sampled_from(f.source.positions))
    children = tuple(range(10, 10 + len(f.source.directions(position))))
    assert natural(f.then(g), position, children) == natural(g, *natural(f, position, children))
    mapped = natural(f, position, tuple(2 * x for x in children))
    shown, moved = natural(f, position, children)
    assert mapped == (shown, tuple(2 * x for x in moved))


def test_what_leads_out_of_the_polynomials_is_refused():
    with pytest.raises(AxiomError, match="`forward` sends position 'off' to 'dim', which is no"):
        Lens(lambda i: "dim", lambda i, d: d, NODE, NODE)
    with pytest.raises(AxiomError, match="`backward` sends direction 0 at position 'off' to 0"):
        Lens(lambda i: "on", lambda i, d: d, NODE, NODE)
    with pytest.raises(AxiomError, match=r"the first ends in y\^2 \+ 1, the second starts from y"):
        Lens.identity(NODE).then(Lens.identity(Poly.monomial((0,), (0,))))


def test_a_lens_between_what_is_not_listed_runs_but_does_not_compare():
    double = Lens(lambda i: 2 * i, lambda i, d: i + d)
    assert double.then(double).forward(3) == 12
    assert double.then(double).backward(3, 5) == 3 + (6 + 5)
    assert (double @ double).backward((1, 2), (3, 4)) == (4, 6)
    with pytest.raises(UnsupportedError, match="not listed"):
        _ = double.table
    assert repr(double) == "Lens(? -> ?)"
