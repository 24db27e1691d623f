import dataclasses

import jax
import numpy as np
import pytest

import catalign
from catalign.nn.discrete.condition import IsPair, Less, LessEqual, Not
from catalign.nn.discrete.expression import I, J
from catalign.nn.discrete.rule import Constantly, Leaf, Rule, Split, Tree
from catalign.nn.discrete.scalar import Binary, Of
from catalign.nn.discrete.selection import Select
from catalign.nn.discrete.signature import Unchanged
from catalign.nn.discrete.view import View
from catalign.training.discrete.agreement import disagreements
from catalign.training.discrete.proof.equality import _Prover, keeps, prove
from catalign.training.discrete.proof.literal import compare, equal, is_node
from catalign.training.discrete.proof.reading import NotExpressibleError
from catalign.training.discrete.proof.search import Undecided
from catalign.training.discrete.typed.catalogue import TYPED


def opened(program):
    return {o.name: o for o in prove(program, TYPED[program.name]) if not o.is_proved}


def replaced(program, part, field, change):
    """A program with the tree of one rule changed."""
    rules = [
        Rule(r.field, change(r.tree)) if r.field.name == field else r
        for r in getattr(program, part)
    ]
    assert rules != list(getattr(program, part))
    return dataclasses.replace(program, **{part: tuple(rules)})


def everywhere(tree: Tree, change) -> Tree:
    """A tree whose expressions are changed from the outside in."""

    def of(expression):
        made = change(expression)
        if made is not expression:
            return made
        values = {
            f.name: _inside(getattr(expression, f.name), of) for f in dataclasses.fields(expression)
        }
        return dataclasses.replace(expression, **values)

    match tree:
        case Leaf(term):
            return Leaf(of(term))
        case Split(condition, then, otherwise):
            return Split(of(condition), everywhere(then, change), everywhere(otherwise, change))


def _inside(value, of):
    if isinstance(value, tuple):
        return tuple(_inside(item, of) for item in value)
    return of(value) if dataclasses.is_dataclass(value) else value


SLOW = {"activity_selector", "dijkstra", "mst_prim"}


def names(slow):
    return [
        pytest.param(name, marks=pytest.mark.slow) if name in slow else name
        for name in sorted(TYPED)
    ]


@pytest.mark.parametrize("name", names(SLOW | {"matrix_chain_order"}))
def test_typed_rules_are_proved_equal_to_themselves(name):
    assert opened(TYPED[name].program) == {}


@pytest.mark.parametrize("name", names(SLOW))
def test_invariants_and_assumptions_hold_on_the_states_of_real_runs(name):
    # What is proved of all states is true of these, or the procedure is wrong.
    assert all(o.is_proved for o in keeps(TYPED[name]))
    algorithm = catalign.algorithms.get(name)
    trace = algorithm.sample(jax.random.key(1), 3, 5)
    for b in range(3):
        for t in range(int(trace.lengths[b])):
            fields = {k: np.asarray(v)[b : b + 1] for k, v in trace.inputs.items()}
            fields |= {k: np.asarray(v)[t, b : b + 1] for k, v in trace.hints.items()}
            view = View(np, fields, 5)
            stated = [*TYPED[name].invariants]
            stated += [s for a in TYPED[name].assumptions for s in a.statements]
            for statement in stated:
                holds = False
                for condition in statement:
                    holds = holds | view(condition)
                assert np.all(holds), statement


@pytest.mark.parametrize("name", ["minimum", "bfs"])
def test_every_mutant_that_errs_on_an_instance_is_left_open(name):
    algorithm = catalign.algorithms.get(name)
    trace = algorithm.sample(jax.random.key(0), 24, 4)
    program = TYPED[name].program
    erring = 0
    for mutant in mutants(program):
        wrong = disagreements(mutant, trace)
        if wrong:
            erring += 1
            left = opened(mutant)
            assert left, f"{wrong} yet all is proved"
            # What is blamed is wrong, or follows a rule that is.
            assert set(wrong) & set(left), (wrong, left)
    assert erring > 5


def mutants(program):
    """Programs with one leaf, condition, order or selection changed."""
    for part in ("first", "step", "outputs"):
        for rule in getattr(program, part):
            name = rule.field.name
            for tree in _mutated(rule.tree):
                if tree != rule.tree:
                    yield replaced(program, part, name, lambda _, tree=tree: tree)


def _mutated(tree):
    for change in (_flip, _first, _drop):
        yield everywhere(tree, change)
    if isinstance(tree, Split):
        yield Split(Not(tree.condition), tree.then, tree.otherwise)
        yield tree.then
        yield tree.otherwise
        for then in _mutated(tree.then):
            yield Split(tree.condition, then, tree.otherwise)
        for otherwise in _mutated(tree.otherwise):
            yield Split(tree.condition, tree.then, otherwise)


def _flip(e):
    """Another tie-break."""
    return LessEqual(e.a, e.b) if isinstance(e, Less) else e


def _first(e):
    """Another order."""
    return Select(e.key, not e.greatest, e.where) if isinstance(e, Select) else e


def _drop(e):
    """One operation less."""
    return Select(e.key, e.greatest, e.where[1:]) if isinstance(e, Select) else e


def test_one_wrong_cell_is_named():
    program = replaced(
        TYPED["bfs"].program, "step", "pi_h'", lambda t: Split(t.condition, Leaf(I), t.otherwise)
    )
    left = opened(program)
    assert list(left) == ["step, rule of pi_h"]
    assert "the cell (I) where the typed rules have (pi_h[I])" in left["step, rule of pi_h"].open


def test_one_wrong_tie_break_is_named():
    program = replaced(TYPED["minimum"].program, "step", "min_h'", lambda t: everywhere(t, _flip))
    left = opened(program)
    assert list(left) == ["step, rule of min_h"]
    assert "the cell (i') where the typed rules have (min_h)" in left["step, rule of min_h"].open


def test_one_dropped_operation_is_named():
    program = replaced(TYPED["bfs"].program, "step", "reach_h'", lambda t: everywhere(t, _drop))
    assert "step, rule of reach_h" in opened(program)


def test_an_undirected_graph_is_assumed_for_prim_and_for_no_other():
    def turned(e):
        if isinstance(e, IsPair) and e.name == "adj":
            return IsPair("adj", 1, e.b, e.a, True)
        return e

    prim = TYPED["mst_prim"].program
    (own,) = [r for r in prim.step if r.field.name == "in_queue'"]
    turned_rule = Rule(own.field, everywhere(own.tree, turned))
    assert turned_rule != own
    prover = _Prover(TYPED["mst_prim"])
    assert prover.step(turned_rule, running=True).is_proved
    bfs = TYPED["bfs"].program
    assert opened(replaced(bfs, "step", "reach_h'", lambda t: everywhere(t, turned)))


def test_an_invariant_that_a_step_breaks_is_not_assumed_unseen():
    rules = TYPED["bfs"]
    false = (IsPair("adj", 1, I, J, True),)
    claimed = dataclasses.replace(rules, invariants=(*rules.invariants, false))
    assert [o.name for o in keeps(claimed) if not o.is_proved] == ["first: adj[I, J]"]


def test_a_class_that_a_field_does_not_have_is_refused():
    # Taken as a class it would contradict the type, and a contradiction proves everything.
    program = replaced(TYPED["bfs"].program, "step", "reach_h'", lambda _: Leaf(Constantly(5)))
    with pytest.raises(NotExpressibleError, match="class 5"):
        prove(program, TYPED["bfs"])


def test_a_program_with_memory_is_refused():
    program = dataclasses.replace(TYPED["bfs"].program, memory=(Unchanged(),))
    with pytest.raises(NotExpressibleError, match="@same"):
        prove(program, TYPED["bfs"])


def test_products_are_equal_at_equal_nodes_and_nothing_else_is_known_of_them():
    product = Binary("*", Of("p", I), Of("p", J))
    for same in (True, False):
        t = _Prover(TYPED["matrix_chain_order"]).begin({}, state=False)
        nodes = [t.fresh(f"node {k}") for k in range(3)]
        for node in nodes:
            t.problem.add(is_node(node))
        one, other = (t.scalar(product, {1: nodes[0], 2: nodes[k]}) for k in (1, 2))
        t.problem.add(compare(one.total, other.total, strict=True))
        if same:
            t.problem.add(equal(nodes[1], nodes[2]))
            assert t.problem.refute() > 0
        else:
            with pytest.raises(Undecided):
                t.problem.refute()


@pytest.mark.parametrize("name", names(SLOW | {"matrix_chain_order"}))
def test_the_program_that_ships_is_proved(name):
    open_ones = [o for o in prove(catalign.load(name).program, TYPED[name]) if not o.is_proved]
    assert not open_ones
