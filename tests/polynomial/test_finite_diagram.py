import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalign._errors import AxiomError, CompositeSizeError
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram
from tests.polynomial.reference import COUNT, SEMIRINGS, WORDS, fields, transform
from tests.strategies import LAW, finite_diagrams, finite_functions, renumberings

LIMIT = 400


@st.composite
def chains(draw, length=2):
    """Diagrams that compose."""
    diagrams = [draw(finite_diagrams())]
    while len(diagrams) < length:
        diagrams.append(draw(finite_diagrams(diagrams[-1].Z)))
    return diagrams


def compose(first, second):
    """The composite, unless it is large."""
    assume(max(first.composite_size(second)) <= LIMIT)
    return first.then(second, limit=LIMIT)


@pytest.mark.parametrize("semiring", [*SEMIRINGS, WORDS], ids=repr)
@LAW
@given(chains(), st.data())
def test_the_transform_of_a_composite_is_the_composite_of_transforms(semiring, chain, data):
    first, second = chain
    field = data.draw(fields(semiring, first.W))
    one_by_one = transform(second, semiring, transform(first, semiring, field))
    assert transform(compose(first, second), semiring, field) == one_by_one


@LAW
@given(finite_diagrams())
def test_composition_has_units(diagram):
    before = FiniteDiagram.identity(diagram.W).then(diagram)
    after = diagram.then(FiniteDiagram.identity(diagram.Z))
    assert before.is_isomorphic(diagram, ordered=True)
    assert after.is_isomorphic(diagram, ordered=True)


@LAW
@given(chains(3))
def test_composition_is_associative(chain):
    f, g, h = chain
    left, right = compose(compose(f, g), h), compose(f, compose(g, h))
    assert left.is_isomorphic(right, ordered=True)


@LAW
@given(chains())
def test_the_blow_up_law_predicts_the_size(chain):
    first, second = chain
    composite = compose(first, second)
    assert first.composite_size(second) == (composite.Y, composite.X)


def test_a_composite_above_the_limit_is_refused_with_its_size():
    star = FiniteDiagram.from_polynomials([tuple((w,) for w in range(10))], 10)
    power = FiniteDiagram.from_polynomials([((0,) * 30,)], 1)
    with pytest.raises(CompositeSizeError, match="Keep the diagrams as a path") as error:
        star.then(power)
    assert error.value.n_message == 10**30
    assert error.value.n_argument == 30 * 10**30
    assert error.value.limit == 100_000
    with pytest.raises(CompositeSizeError):
        star.then(star.from_polynomials([((0, 0),)], 1), limit=199)
    assert star.then(star.from_polynomials([((0, 0),)], 1), limit=200).Y == 100


def test_diagrams_that_do_not_meet_are_refused():
    with pytest.raises(AxiomError, match="`first` has 2 outputs but `second` reads 3 inputs"):
        FiniteDiagram.identity(2).then(FiniteDiagram.identity(3))


@LAW
@given(finite_functions(3, cod=2), finite_functions(3, cod=2), finite_functions(4, cod=2))
def test_spans_compose_to_spans_without_blow_up(o, i, other):
    same, four = FinFunction.identity(3), FinFunction.identity(4)
    first, second = FiniteDiagram(i, same, o), FiniteDiagram(other, four, other)
    composite = first.then(second)
    assert composite.is_span
    assert sum(int(first.o.fibre_sizes[z]) for z in other.values) == composite.Y


@pytest.mark.parametrize("semiring", SEMIRINGS, ids=repr)
@LAW
@given(finite_diagrams(), finite_diagrams(), st.data())
def test_the_transform_of_a_disjoint_sum_is_both_transforms(semiring, first, second, data):
    f, g = data.draw(fields(semiring, first.W)), data.draw(fields(semiring, second.W))
    apart = transform(first, semiring, f) + transform(second, semiring, g)
    assert transform(first + second, semiring, f + g) == apart


@LAW
@given(finite_diagrams(), st.data())
def test_renumbering_keeps_the_canonical_form(diagram, data):
    other = data.draw(renumberings(diagram))
    assert other.is_isomorphic(diagram, ordered=True)
    assert other.is_isomorphic(diagram)
    assert other.polynomials == diagram.polynomials


@LAW
@given(finite_diagrams(), st.data())
def test_reading_another_input_changes_the_canonical_form(diagram, data):
    assume(diagram.X and diagram.W > 1)
    x = data.draw(st.integers(0, diagram.X - 1))
    changed = diagram.i.values.copy()
    changed[x] = (changed[x] + 1) % diagram.W
    other = FiniteDiagram(FinFunction(changed, diagram.W), diagram.p, diagram.o)
    assert not other.is_isomorphic(diagram)


@LAW
@given(finite_diagrams())
def test_the_canonical_form_determines_the_diagram(diagram):
    rebuilt = FiniteDiagram.from_polynomials(diagram.polynomials, diagram.W)
    assert rebuilt.is_isomorphic(diagram)
    assert rebuilt.polynomials == diagram.polynomials


@LAW
@given(finite_diagrams(2, 2), finite_diagrams(2, 2))
def test_diagrams_are_isomorphic_exactly_if_they_count_alike(first, second):
    # Distinct polynomials of degree at most 4 with coefficients at most 4 differ at this point.
    point = [5, 5**5]
    alike = transform(first, COUNT, point) == transform(second, COUNT, point)
    assert first.is_isomorphic(second) == alike


def test_order_counts_only_where_it_is_asked_for():
    one = FiniteDiagram.from_polynomials([((0, 1),)], 2)
    other = FiniteDiagram.from_polynomials([((1, 0),)], 2)
    assert one.is_isomorphic(other)
    assert not one.is_isomorphic(other, ordered=True)
    field = [frozenset("a"), frozenset("b")]
    assert transform(one, WORDS, field) != transform(other, WORDS, field)


def test_diagrams_on_other_inputs_or_outputs_are_not_isomorphic():
    assert not FiniteDiagram.from_polynomials([()], 1).is_isomorphic(
        FiniteDiagram.from_polynomials([()], 2)
    )


def test_legs_that_do_not_join_are_refused():
    one, two = FinFunction.identity(1), FinFunction.identity(2)
    with pytest.raises(AxiomError, match="Both start from X"):
        FiniteDiagram(one, two, two)
    with pytest.raises(AxiomError, match="Both mean Y"):
        FiniteDiagram(two, two, one)


def test_sizes():
    diagram = FiniteDiagram.from_polynomials([((0, 1), (1,)), ()], 3)
    assert (diagram.W, diagram.X, diagram.Y, diagram.Z) == (3, 3, 2, 2)
    assert str(diagram) == "3 <- 3 -> 2 -> 2"
    assert not diagram.is_span
