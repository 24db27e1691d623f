"""Each rule of each shipped program with one wrong cell, against recorded runs of the benchmark."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

import catalign
from catalign.algorithms.spec import Kind, Spec
from catalign.algorithms.trace import Trace
from catalign.data import golden
from catalign.nn.discrete.expression import End, Expression, I
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import Constantly, Leaf, Rule, Split, Tree
from catalign.nn.discrete.scalar import Binary, Constant, Scalar
from catalign.nn.discrete.selection import Select
from catalign.nn.pretrained import program_names
from catalign.training.discrete.agreement import THE_END, disagreements
from tests.algorithms.golden import FOLDER

PARTS = {"first": "first, rule of ", "step": "step, rule of ", "outputs": "rule of output "}


def recorded(name: str, spec: Spec) -> Trace:
    return golden.load(FOLDER / f"{name}_n5.npz", spec)


def wrong_terms(rule: Rule, term: Expression) -> Iterator[Expression]:
    """Terms of the same type that are other ones."""
    kind, values = rule.field.kind, range(rule.field.classes)
    if kind is Kind.SCALAR:
        assert isinstance(term, Scalar)
        yield Binary("+", term, Constant(1.0))
    elif kind in (Kind.MASK, Kind.CATEGORICAL):
        every = [Constantly(value, kind is Kind.MASK) for value in values]
        yield from (other for other in every if other != term)
    else:
        every = [End(False), End(True), *([I] if rule.field.rank else [])]
        yield from (other for other in every if other != term)


def with_one_wrong_cell(rule: Rule, tree: Tree) -> Iterator[Tree]:
    """A tree with one leaf changed."""
    if isinstance(tree, Leaf):
        yield from map(Leaf, wrong_terms(rule, tree.term))
        return
    for other in with_one_wrong_cell(rule, tree.then):
        yield Split(tree.condition, other, tree.otherwise)
    for other in with_one_wrong_cell(rule, tree.otherwise):
        yield Split(tree.condition, tree.then, other)


def planted(program: Program, part: str, rule: Rule) -> Iterator[Program]:
    rules = getattr(program, part)
    for tree in with_one_wrong_cell(rule, rule.tree):
        changed = tuple(Rule(rule.field, tree) if r is rule else r for r in rules)
        yield dataclasses.replace(program, **{part: changed})


@pytest.mark.parametrize("name", program_names())
def test_a_wrong_cell_of_any_rule_of_a_shipped_program_is_named(name: str) -> None:
    program = catalign.load(name).program
    trace = recorded(name, program.spec)
    assert disagreements(program, trace) == {}, "it takes each step of the recorded runs"
    for part, label in PARTS.items():
        for rule in getattr(program, part):
            named = label + rule.field.name.removesuffix("'")
            found = [disagreements(other, trace) for other in planted(program, part, rule)]
            assert any(named in wrong for wrong in found), f"{named}: no wrong cell is found"
            # The end and the outputs may read what the step gives.
            blamed = {other for wrong in found for other in wrong} - {named, THE_END}
            assert all(part == "step" and o.startswith(PARTS["outputs"]) for o in blamed), blamed
    for value in (0, 1):
        wrong_end = dataclasses.replace(program, halt=Leaf(Constantly(value, True)))
        assert set(disagreements(wrong_end, trace)) == {THE_END}


def selections(value: object) -> Iterator[Select]:
    """The selections in an expression or a tree, inner ones too."""
    if isinstance(value, tuple):
        parts = value
    elif isinstance(value, Expression | Leaf | Split):
        parts = tuple(getattr(value, f.name) for f in dataclasses.fields(value))
    else:
        return
    if isinstance(value, Select):
        yield value
    for part in parts:
        yield from selections(part)


def replaced(value: Any, old: Select, new: Select) -> Any:
    """An expression or a tree with one selection in another's place."""
    if value == old:
        return new
    if isinstance(value, tuple):
        return tuple(replaced(part, old, new) for part in value)
    if isinstance(value, Expression | Leaf | Split):
        return type(value)(
            *(replaced(getattr(value, f.name), old, new) for f in dataclasses.fields(value))
        )
    return value


def other_selections(select: Select) -> Iterator[tuple[str, Select]]:
    """The selection in the other order, which is another tie-break; and with one condition less."""
    yield "order", Select(select.key, not select.greatest, select.where)
    for k in range(len(select.where)):
        yield (
            "condition",
            Select(select.key, select.greatest, select.where[:k] + select.where[k + 1 :]),
        )


SELECTING = [
    name
    for name in program_names()
    if any(True for r in catalign.load(name).program.step for _ in selections(r.tree))
]


@pytest.mark.parametrize("name", SELECTING)
def test_a_selection_in_another_order_or_with_a_condition_less_is_named(name: str) -> None:
    """Not each is: some faults show on no run of five nodes, and some are none."""
    program = catalign.load(name).program
    trace = recorded(name, program.spec)
    named: dict[str, int] = {}
    for rule in program.step:
        for select in dict.fromkeys(selections(rule.tree)):
            for what, other in other_selections(select):
                tree = replaced(rule.tree, select, other)
                step = tuple(Rule(r.field, tree) if r is rule else r for r in program.step)
                wrong = disagreements(dataclasses.replace(program, step=step), trace)
                if wrong:
                    label = PARTS["step"] + rule.field.name.removesuffix("'")
                    assert label in wrong, f"{wrong} is blamed, but {label} is wrong"
                    named[what] = named.get(what, 0) + 1
    assert named
