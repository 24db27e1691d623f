"""Which other terms the data would have allowed in each cell of a rule, and inputs that decide.

A cell of a rule is a leaf of its tree: the receivers that come to it, and the term that they take.
Other terms of the catalogue may be right at every example of the cell too: its *rivals*. Some are
equal to the term at every state there is; the others are told apart by an instance that training
did not hold. Such an instance is worth more to a learner than another sample (active coverage).
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind
from catalign.algorithms.trace import Trace
from catalign.nn.discrete.catalogue import base_terms, near_terms
from catalign.nn.discrete.condition import IsPair, Less, LessEqual
from catalign.nn.discrete.expression import Expression, Node
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import Constantly, Leaf, Own, Rule, cells
from catalign.nn.discrete.scalar import Scalar
from catalign.nn.discrete.selection import Select
from catalign.nn.discrete.signature import Signature, field_of
from catalign.nn.discrete.view import View
from catalign.training.discrete import enumeration
from catalign.training.discrete.coverage import describe_cell
from catalign.training.discrete.family import families
from catalign.training.discrete.transitions import Pool, pool

STATES = 600
"""How many states of a batch are looked at."""
MOST = 300
"""How many instances of a small size are listed."""
EXTRA = 2.0
"""How much longer than the term a rival may be."""


@dataclass(frozen=True)
class Rival:
    """Another term that was right at every example of a cell.

    Attributes:
      rule: The field.
      cell: The conditions that lead to the cell.
      term: The term that the rule takes there.
      rival: The other term.
      inputs: An instance where they differ; None if none was found.
      step: The number of the state where they differ.
    """

    rule: str
    cell: str
    term: str
    rival: str
    inputs: Mapping[str, np.ndarray] | None = None
    step: int = 0

    def __str__(self) -> str:
        told = "no instance tells them apart"
        if self.inputs is not None:
            given = ", ".join(f"{k} = {np.asarray(v).tolist()}" for k, v in self.inputs.items())
            told = f"they differ at step {self.step} on {given}"
        where = f" where {self.cell}" if self.cell else ""
        return f"{self.rule}{where}: {self.term} or {self.rival}; {told}"


def rivals(program: Program, seen: Sequence[Trace], fresh: Sequence[Trace]) -> list[Rival]:
    """The rivals of all cells of a program's step.

    Args:
      program: The program, right on the runs that were seen.
      seen: The runs that it was learned from.
      fresh: Other runs, to tell rivals apart.

    Example:
      >>> import catalign
      >>> minimum = catalign.algorithms.get("minimum")
      >>> program = catalign.load("minimum").program
      >>> seen = [minimum.sample(jax.random.key(0), 1, 3)]
      >>> found = rivals(program, seen, fresh_traces(minimum, seed=1))
      >>> any(r.rule == "min_h" and r.inputs is not None for r in found)
      True
    """
    # A run of one state shows no step.
    known, other = (
        [states for t in traces if len((states := _States.of(program, t)).at)]
        for traces in (seen, fresh)
    )
    found: list[Rival] = []
    available = [*map(field_of, program.spec.inputs), *map(field_of, program.spec.hints)]
    available += [m.field for m in program.memory]
    with np.errstate(all="ignore"):
        for rule in program.step:
            signature = Signature(tuple(available))
            for cell, leaf in cells(rule.tree):
                found += _rivals(rule, cell, leaf, signature, known, other)
            available.append(rule.field)
    return found


def telling_instances(
    program: Program, seen: Sequence[Trace], fresh: Sequence[Trace]
) -> list[Probes]:
    """Instances that tell the rivals of a program's cells apart, a batch a size.

    Args:
      program: The program.
      seen: The runs that the program was learned from.
      fresh: Other runs, whose instances are looked at.

    Returns:
      Batches to run the algorithm on and to learn from; none if there are no rivals, or no
      instance that was looked at tells any apart.
    """
    chosen: dict[int, list[Mapping[str, np.ndarray]]] = {}
    for rival in rivals(program, seen, fresh):
        if rival.inputs is None:
            continue
        n = next(len(v) for v in rival.inputs.values() if np.ndim(v))
        batch = chosen.setdefault(n, [])
        if not any(_same(rival.inputs, other) for other in batch):
            batch.append(rival.inputs)
    return [
        {name: jnp.asarray(np.stack([b[name] for b in batch])) for name in batch[0]}
        for _, batch in sorted(chosen.items())
    ]


def fresh_traces(algorithm: Algorithm, *, seed: int, size: int = 6) -> list[Trace]:
    """Runs to tell rivals apart: of listed instances of a small size, and of all families."""
    batches: list[Probes] = []
    listed = enumeration.largest(algorithm)
    inputs = enumeration.instances(algorithm, listed, drawn=True) if listed else {}
    if inputs:
        count = len(next(iter(inputs.values())))
        order = np.random.default_rng(seed).permutation(count)[:MOST]
        batches.append({name: jnp.asarray(value[order]) for name, value in inputs.items()})
    drawn = [
        family.sample(algorithm, jax.random.fold_in(jax.random.key(seed), number), 16, size)
        for number, family in enumerate(families(algorithm))
        if size >= algorithm.min_size
    ]
    if drawn:
        batches.append(jax.tree.map(lambda *parts: jnp.concatenate(parts), *drawn))
    traces = []
    for batch in batches:
        try:
            longest = int(algorithm.count_steps(batch).max())
        except InputError:
            continue  # There is no instance of this size.
        traces.append(algorithm.traces(batch, steps=longest))
    return traces


def _same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@dataclass
class _States:
    """Some states of a batch of runs, and where they come from."""

    pool: Pool
    at: np.ndarray
    view: View

    @classmethod
    def of(cls, program: Program, trace: Trace) -> "_States":
        p = pool(program.spec, trace, program.memory)
        at = p.steps
        if len(at) > STATES:
            at = at[np.linspace(0, len(at) - 1, STATES).astype(int)]
        return cls(p, at, p.view(at))

    def differ(self, cell: Sequence[tuple[Any, bool]], a: Expression, b: Expression) -> np.ndarray:
        """The states where two terms differ at a receiver in a cell, bool `[m]`."""
        inside: Any = np.ones((self.view.m, 1, 1, 1), bool)
        for condition, holds in cell:
            inside = inside & (self.view(condition) == holds)
        x, y = self.view(a), self.view(b)
        unequal = x != y
        if np.asarray(x).dtype.kind == "f":
            unequal = unequal & ~(np.isnan(x) & np.isnan(y))
        bad = np.broadcast_to(inside & unequal, np.broadcast_shapes(inside.shape, unequal.shape))
        full = np.broadcast_to(bad, (self.view.m, *bad.shape[1:]))
        return np.asarray(full.reshape(self.view.m, -1).any(axis=1))


def _rivals(
    rule: Rule,
    cell: tuple[tuple[Any, bool], ...],
    leaf: Leaf,
    signature: Signature,
    known: Sequence[_States],
    other: Sequence[_States],
) -> list[Rival]:
    text = describe_cell(cell)
    found = []
    for term in _terms(rule, leaf.term, signature):
        if term.cost > leaf.term.cost + EXTRA:
            continue
        if any(states.differ(cell, leaf.term, term).any() for states in known):
            continue
        rival = Rival(rule.field.name.removesuffix("'"), text, str(leaf.term), str(term))
        for states in other:
            bad = np.flatnonzero(states.differ(cell, leaf.term, term))
            if len(bad):
                t, b = (int(x) for x in states.at[bad[0]])
                inputs = {name: value[b] for name, value in states.pool.inputs.items()}
                rival = dataclasses.replace(rival, inputs=inputs, step=t)
                break
        found.append(rival)
    return found


def _terms(rule: Rule, term: Expression, signature: Signature) -> Iterator[Expression]:
    """Other terms of the same type: those of the catalogue, and those that differ in one place."""
    f = rule.field
    seen: set[Expression] = {term}
    for other in (*_variants(term), *_catalogue(f.kind, f.rank, f.classes, term, signature)):
        if other not in seen:
            seen.add(other)
            yield other


def _catalogue(
    kind: Kind, rank: int, classes: int, term: Expression, signature: Signature
) -> Iterator[Expression]:
    if isinstance(term, Node):
        base = base_terms(signature, rank)
        yield from base
        yield from near_terms(signature, base)
    elif not isinstance(term, Scalar):
        yield from (Constantly(value, kind is Kind.MASK) for value in range(classes))
        for f in signature.fields:
            if f.kind is kind and f.rank == rank and f.classes == classes:
                yield Own(f.name, rank)


def _variants(term: Expression) -> Iterator[Expression]:
    """The expression with one part changed: edges turned, ties, orders, conditions left out."""
    match term:
        case IsPair(name, value, a, b, boolean):
            yield IsPair(name, value, b, a, boolean)
        case Less(a, b):
            yield LessEqual(a, b)
        case LessEqual(a, b):
            yield Less(a, b)
        case Select(key, greatest, where):
            yield Select(key, not greatest, where)
            for k in range(len(where)):
                yield Select(key, greatest, (*where[:k], *where[k + 1 :]))
        case _:
            pass
    for f in dataclasses.fields(term):
        value = getattr(term, f.name)
        if isinstance(value, Expression):
            for other in _variants(value):
                yield dataclasses.replace(term, **{f.name: other})
        elif isinstance(value, tuple):
            for k, item in enumerate(value):
                if isinstance(item, Expression):
                    for other in _variants(item):
                        changed = (*value[:k], other, *value[k + 1 :])
                        yield dataclasses.replace(term, **{f.name: changed})
