import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, InputError
from catalign.polynomial.leg import (
    Coordinate,
    Leg,
    identity,
    pair,
    pointer,
    project,
    source,
    target,
    terminal,
)
from catalign.polynomial.sort import ONE, E, V
from tests.strategies import LAW, legs, sorts


@LAW
@given(st.data())
def test_legs_form_a_category(data):
    f = data.draw(sorts(2).flatmap(legs))
    g = data.draw(legs(f.cod))
    h = data.draw(legs(g.cod))
    assert f.then(g).then(h) == f.then(g.then(h))
    assert identity(f.dom).then(f) == f == f.then(identity(f.cod))


@LAW
@given(st.data())
def test_products_are_universal(data):
    sort = data.draw(sorts(2))
    f, g = data.draw(legs(sort)), data.draw(legs(sort))
    both = pair(f, g)
    first, rank = range(f.cod.rank), both.cod.rank
    assert both.then(project(both.cod, *first)) == f
    assert both.then(project(both.cod, *range(f.cod.rank, rank))) == g
    assert f.then(terminal(f.cod)) == terminal(sort)


@pytest.mark.parametrize(
    ("leg", "printed"),
    [
        (project(V * V * V, 0, 2), "u,v,w -> u,w"),
        (source, "e -> source(e)"),
        (terminal(V * V), "u,v -> ()"),
        (terminal(ONE), "() -> ()"),
        (pointer("parent"), "v -> parent(v)"),
        (target.then(pointer("pi")), "e -> pi(target(e))"),
        (project(V**7, 6), "u,v,w,x,y,z,z6 -> z6"),
        (project(E * V * E, 2, 1), "e,v,f -> f,v"),
    ],
)
def test_legs_print(leg, printed):
    assert str(leg) == printed


def test_what_a_leg_knows_about_itself():
    assert project(V * V, 1, 0).positions == (1, 0)
    assert project(V * V, 1, 0).is_isomorphism
    assert not project(V * V, 0, 0).is_isomorphism
    assert source.positions is None
    assert not source.is_isomorphism
    assert source.then(pointer("pi")).pointers == ("pi",)


def test_legs_that_do_not_meet_are_refused_with_both_printed():
    with pytest.raises(AxiomError, match="the second starts from E") as error:
        source.then(source)
    assert "first  = E -> V: e -> source(e)" in str(error.value)
    with pytest.raises(AxiomError, match="cannot pair"):
        pair(source, identity(V))


@pytest.mark.parametrize(
    ("dom", "cod", "coordinates", "reason"),
    [
        (V, V, (), "needs 1 coordinates and got 0"),
        (V, V, (Coordinate(1),), "reads the factor 1"),
        (E, V, (Coordinate(0),), "ends in E instead of V"),
        (V, V, (Coordinate(0, source.coordinates[0].arrows),), "applies source"),
    ],
)
def test_coordinates_that_give_no_map_are_refused(dom, cod, coordinates, reason):
    with pytest.raises(AxiomError, match=reason):
        Leg(dom, cod, coordinates)


def test_a_projection_to_a_missing_factor_is_refused():
    with pytest.raises(InputError, match="got position 2"):
        project(V * V, 2)


@pytest.mark.parametrize("name", ["source", "target", "not a name"])
def test_a_pointer_needs_a_name_of_its_own(name):
    with pytest.raises(InputError, match="Use an identifier"):
        pointer(name)
