"""Multiplication of two numbers of n digits, row by row as at school.

Source: Knuth, The Art of Computer Programming, volume 2, section 4.3.1, algorithm M; the carries
wait one row, as in the array multiplier of Braun, Digital Computer Design (1963).
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic_chain import named, pair_sampler
from catalign.algorithms.check import HostProbes
from catalign.algorithms.number import ORDER, check_order, number, place
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.digit import shift_down


class _Rows(NamedTuple):
    """The work after row j. Node i holds column `i + j`; columns up to j are done."""

    j: Index
    total: Int[Array, " n"]
    carry: Int[Array, " n"]
    low: Int[Array, " n"]
    high: Int[Array, " n"]


@functools.cache
def multiplication_in(base: int) -> Algorithm:
    """Multiplication of two numbers of n digits.

    Inputs `a` and `b`. A hint shows one row. Row j adds `a b_j` to the columns from j on. Each node
    keeps the digit of its column (`total_h`) and its carry (`carry_h`) for the next row, in which
    it looks after the next column. That finishes one digit of the product: `low_h` collects the
    first n of them, `high_h` the others, for which n more rows (with `phase`) add nothing but
    carries. `j` marks the row modulo n. The outputs `low` and `high` are the 2n digits of the
    product. A run has 2n hints.

    Maths: `t_i = total_{i+1} + carry_i + a_i b_j < base^2`, `carry_i = t_i div base`,
    `total_i = t_i mod base`, and digit j of the product is `total_0`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> trace = multiplication.trace(from_integers(multiplication, {"a": 99, "b": 98}))
      >>> trace.outputs["low"].tolist(), trace.outputs["high"].tolist()
      ([2, 0], [7, 9])
    """
    name = named("multiplication", base)

    def row(inputs: Probes, state: _Rows) -> _Rows:
        n = inputs["a"].shape[0]
        j = state.j + 1
        factor = jnp.where(j < n, inputs["b"][jnp.minimum(j, n - 1)], 0)
        column = shift_down(state.total) + state.carry + inputs["a"] * factor
        total = column % base
        node = jnp.arange(n, dtype=jnp.int32)
        return _Rows(
            j,
            total,
            carry=column // base,
            low=jnp.where(node == j, total[0], state.low),
            high=jnp.where(node == j - n, total[0], state.high),
        )

    def init(inputs: Probes) -> _Rows:
        zero = jnp.zeros_like(inputs["a"])
        return row(inputs, _Rows(jnp.int32(-1), zero, zero, zero, zero))

    def done(inputs: Probes, state: _Rows) -> Flag:
        return state.j == 2 * inputs["a"].shape[0] - 1

    def hints(inputs: Probes, state: _Rows) -> Probes:
        n = inputs["a"].shape[0]
        return {
            "total_h": state.total,
            "carry_h": state.carry,
            "low_h": state.low,
            "high_h": state.high,
            "j": state.j % n,
            "phase": state.j >= n,
        }

    def outputs(inputs: Probes, state: _Rows) -> Probes:
        return {"low": state.low, "high": state.high}

    def validate(inputs: HostProbes) -> None:
        check_order(name, inputs)

    return Algorithm(
        name=name,
        spec=Spec(
            *ORDER,
            number("a", base),
            number("b", base),
            number("total_h", base, Stage.HINT),
            number("carry_h", base, Stage.HINT),
            number("low_h", base, Stage.HINT),
            number("high_h", base, Stage.HINT),
            place("j"),
            Probe("phase", Stage.HINT, Location.GRAPH, Kind.MASK),
            number("low", base, Stage.OUTPUT),
            number("high", base, Stage.OUTPUT),
        ),
        sampler=pair_sampler(base),
        init=init,
        step=row,
        done=done,
        hints=hints,
        outputs=outputs,
        max_steps=lambda n: 2 * n,
        source="Knuth, The Art of Computer Programming, volume 2, section 4.3.1, algorithm M",
        validate=validate,
    )


multiplication = multiplication_in(10)
"""Multiplication in base 10."""
