"""The transducer of an algorithm whose state runs along the digits: its column as a table."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError
from catalign.algorithms.arithmetic_chain import Column
from catalign.algorithms.spec import Kind, Location, Probe
from catalign.alignment.transducer import Letter, Transducer


def column_transducer(
    column: Column,
    name: str,
    letters: Sequence[Probe],
    alphabets: Sequence[Sequence[Letter]] | None = None,
) -> Transducer:
    """What a column writes to one probe, as a transducer whose states are the arriving states.

    Maths: `moves(a, s) = leaving(a, s)` and `writes(a, s)` is the probe's rule, for all letters a
    and states s that words lead to; other cells are 0. The run of the algorithm ends where no state
    changes, and there `s_i = leaving(a_i, s_{i-1})` from 0 on, which has one solution by induction
    on i: that of the transducer. So the two are equal at every size.

    Args:
      column: What the algorithm does at one digit.
      name: The output or hint that is written.
      letters: The operands in the order that letters have them.
      alphabets: Sets of letters that words have all their letters from; any if left out.

    Raises:
      InputError: The column has no such probe, gives a value outside of its range, or reads
        another input than the operands.

    Example:
      >>> from catalign.algorithms.arithmetic import addition_in
      >>> column = addition_in(2).column
      >>> add = column_transducer(column, "sum", column.operands)
      >>> add.run([(1, 1), (1, 0), (0, 0)])
      [0, 0, 1]
    """
    if name not in column.rules:
        raise InputError(f"`name` is {name!r}, but the column writes {', '.join(column.rules)}.")
    sizes = tuple(probe.values for probe in letters)
    states = column.state.values
    table = np.array(list(itertools.product(*map(range, sizes))), np.int32)
    # A digit of its own for each letter and state; one digit of the graph is as good as many.
    rows = np.repeat(table, states, axis=0)
    inputs = {p.name: _stored(p, rows[:, k]) for k, p in enumerate(letters)}
    arriving = _stored(column.state, np.tile(np.arange(states), len(table)))

    def tabled(rule: str) -> np.ndarray:
        try:
            found = column.rules[rule](inputs, arriving)
        except KeyError as error:
            raise InputError(
                f"the rule of {rule!r} of `column` reads the input {error}, but it treats every "
                f"digit alone: let it read {', '.join(inputs)} and the arriving state."
            ) from error
        return np.asarray(jax.device_get(found)).astype(int).reshape(len(table), states)

    moves, writes = tabled(column.state.name), tabled(name)
    each = [list(range(len(table)))]
    if alphabets is not None:
        each = [np.ravel_multi_index(np.array(list(a)).T, sizes).tolist() for a in alphabets]
    reached = np.zeros_like(moves, bool)
    for numbers in each:
        found = [0]
        for state in found:
            reached[numbers, state] = True
            after = set(moves[numbers, state].tolist()) - set(found)
            if not after <= set(range(states)):
                raise InputError(f"`column` leaves the states {sorted(after)}, of {states}.")
            found += sorted(after)
    written = next((p for p in column.answers if p.name == name), column.state)
    return Transducer(
        sizes,
        written.values,
        *(tuple(map(tuple, np.where(reached, t, 0).tolist())) for t in (moves, writes)),
    )


def column_alphabets(column: Column, letters: Sequence[Probe]) -> tuple[tuple[Letter, ...], ...]:
    """The letters of each set of instances that share the operands at the graph.

    Operands at the graph are the same at all digits of an instance. What may not be 0, such as a
    divisor, is not.

    Example:
      >>> from catalign.algorithms.arithmetic_digit import digit_division
      >>> sets = column_alphabets(digit_division.column, digit_division.column.operands)
      >>> len(sets), sets[0][:2]
      (9, ((0, 1), (1, 1)))
    """
    ranges = [range(int(p.name in column.nonzero), p.values) for p in letters]
    graph = [k for k, probe in enumerate(letters) if probe.location is Location.GRAPH]
    found = []
    for values in itertools.product(*(ranges[k] for k in graph)):
        fixed = dict(zip(graph, values, strict=True))
        choices = [(fixed[k],) if k in fixed else each for k, each in enumerate(ranges)]
        found.append(tuple(itertools.product(*choices)))
    return tuple(found)


def _stored(probe: Probe, values: np.ndarray) -> jax.Array:
    return jnp.asarray(values, jnp.bool_ if probe.kind is Kind.MASK else jnp.int32)
