"""Greatest common divisors by Euclid's algorithm, with and without the coefficients of Bezout.

One step is one row of a long division: the divisor, moved up as far as it fits, is subtracted as
often as it fits. When less than the divisor is left, the two change places. Only rows with a
quotient digit that is not 0 are made, so a run of n digits in base b has at most
`ceil(n log b / log phi) + 2` hints, with the golden ratio phi: 4.8 n in base 10.

Why: write a division as `u = q v + r`. If q has d digits that are not 0, then `q >= 2^d - 1`, and
`L(u, v) = u + v / phi` grows from `L(v, r)` by a factor of at least `phi^d`, because
`q >= phi^(d+1) - phi`. It starts at the gcd with `L(g, 0) >= 1` and ends below `phi b^n`.

Source: Cormen et al., Introduction to Algorithms, section 31.2; Lame's bound is the case of d = 1.
"""

import functools
import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic_chain import named, pair_sampler
from catalign.algorithms.check import HostProbes
from catalign.algorithms.number import ORDER, check_order, digit, number, place
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.digit import at_least, divide_digit, multiples, normalise

SOURCE = "Cormen et al., Introduction to Algorithms, section 31.2"


class _Euclid(NamedTuple):
    u: Int[Array, " n"]
    v: Int[Array, " n"]
    q: Index
    s: Index


class _Bezout(NamedTuple):
    euclid: _Euclid
    swaps: Bool[Array, ""]
    xu: Int[Array, " n"]
    xv: Int[Array, " n"]
    yu: Int[Array, " n"]
    yv: Int[Array, " n"]


def _max_steps(n: int, base: int) -> int:
    return math.ceil(n * math.log(base) / math.log((1 + math.sqrt(5)) / 2)) + 2


def _row(state: _Euclid, base: int) -> tuple[_Euclid, Flag]:
    """One row, and whether the two numbers changed places after it."""
    n = state.u.shape[0]
    lift = _length(state.u) - _length(state.v)
    too_high = ~at_least(state.u, _lifted(state.v, lift))
    s = jnp.maximum(lift - too_high.astype(jnp.int32), 0)
    table = multiples(_lifted(state.v, s), base=base, count=base, size=n + 1)
    q, rest = divide_digit(jnp.pad(state.u, (0, 1)), table, base=base)
    rest = rest[:n]
    swap = ~at_least(rest, state.v)
    u, v = jnp.where(swap, state.v, rest), jnp.where(swap, rest, state.v)
    return _Euclid(u, v, q, s), swap


def _length(x: Int[Array, " n"]) -> Index:
    """The number of digits without leading zeros."""
    place = jnp.arange(1, x.shape[0] + 1, dtype=jnp.int32)
    return jnp.max(jnp.where(x != 0, place, 0))


def _lifted(x: Int[Array, " n"], shift: Index) -> Int[Array, " n"]:
    """`x base^shift`, for a shift of at least 0 that loses no digit; else just any number."""
    source = jnp.arange(x.shape[0], dtype=jnp.int32) - shift
    return jnp.where(source >= 0, x[jnp.clip(source, 0, x.shape[0] - 1)], 0)


@functools.cache
def gcd_in(base: int) -> Algorithm:
    """The greatest common divisor of two numbers of n digits, with `gcd(x, 0) = x`.

    Inputs `a` and `b`. A hint shows one row: the numbers `u_h` and `v_h` that are left, the
    quotient digit `q` and, in `s`, how many places the divisor was moved up. The output is `gcd`.

    Maths: `(u, v) -> (u - q base^s v, v)`, then `(v, u)` if that is less than v; until `v = 0`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> gcd.trace(from_integers(gcd, {"a": 96, "b": 360})).outputs["gcd"].tolist()
      [4, 2, 0]
    """
    name = named("gcd", base)

    def init(inputs: Probes) -> _Euclid:
        return _Euclid(inputs["a"], inputs["b"], jnp.int32(0), jnp.int32(0))

    def step(inputs: Probes, state: _Euclid) -> _Euclid:
        return _row(state, base)[0]

    def done(inputs: Probes, state: _Euclid) -> Flag:
        return jnp.all(state.v == 0)

    def outputs(inputs: Probes, state: _Euclid) -> Probes:
        return {"gcd": state.u}

    def validate(inputs: HostProbes) -> None:
        check_order(name, inputs)

    return Algorithm(
        name=name,
        spec=Spec(*_inputs_and_hints(base), number("gcd", base, Stage.OUTPUT)),
        sampler=pair_sampler(base),
        init=init,
        step=step,
        done=done,
        hints=lambda inputs, state: _euclid_hints(state),
        outputs=outputs,
        max_steps=lambda n: _max_steps(n, base),
        source=SOURCE,
        validate=validate,
    )


@functools.cache
def extended_gcd_in(base: int) -> Algorithm:
    """The greatest common divisor of two numbers of n digits, with its Bezout coefficients.

    As `gcd_in`, and every row also keeps u and v as combinations of a and b: `u = xu a - yu b`, up
    to the sign, and likewise for v. The signs of all four alternate with each change of places,
    which `negative_h` follows. The outputs are `gcd`, the absolute values `x` and `y` of the
    coefficients, and `negative`: whether `gcd = y b - x a` rather than `gcd = x a - y b`.

    Maths: `(xu, xv) -> (xu + q base^s xv, xv)`, and `(xv, xu)` where u and v change places; so for
    y. No coefficient exceeds `max(a, b) / gcd`.

    Args:
      base: The base of the digits, from 2 on.

    Raises:
      InputError: `base` is not supported.

    Example:
      >>> from catalign.algorithms.number import from_integers
      >>> trace = extended_gcd.trace(from_integers(extended_gcd, {"a": 99, "b": 78}))
      >>> [trace.outputs[name].tolist() for name in ("gcd", "x", "y", "negative")]
      [[3, 0], [1, 1], [4, 1], True]
    """
    name = named("extended_gcd", base)

    def init(inputs: Probes) -> _Bezout:
        zero = jnp.zeros_like(inputs["a"])
        one = (jnp.arange(zero.shape[0], dtype=jnp.int32) == 0).astype(jnp.int32)
        start = _Euclid(inputs["a"], inputs["b"], jnp.int32(0), jnp.int32(0))
        return _Bezout(start, jnp.bool_(False), one, zero, zero, one)

    def step(inputs: Probes, state: _Bezout) -> _Bezout:
        euclid, swap = _row(state.euclid, base)

        def combine(cu: Array, cv: Array) -> tuple[Array, Array]:
            columns = cu + euclid.q * _lifted(cv, euclid.s)
            cu = normalise(columns, base=base, bound=base * (base - 1))
            return jnp.where(swap, cv, cu), jnp.where(swap, cu, cv)

        xu, xv = combine(state.xu, state.xv)
        yu, yv = combine(state.yu, state.yv)
        return _Bezout(euclid, state.swaps ^ swap, xu, xv, yu, yv)

    def done(inputs: Probes, state: _Bezout) -> Flag:
        return jnp.all(state.euclid.v == 0)

    def hints(inputs: Probes, state: _Bezout) -> Probes:
        return {
            **_euclid_hints(state.euclid),
            "xu_h": state.xu,
            "xv_h": state.xv,
            "yu_h": state.yu,
            "yv_h": state.yv,
            "negative_h": state.swaps,
        }

    def outputs(inputs: Probes, state: _Bezout) -> Probes:
        return {"gcd": state.euclid.u, "x": state.xu, "y": state.yu, "negative": state.swaps}

    def validate(inputs: HostProbes) -> None:
        check_order(name, inputs)

    return Algorithm(
        name=name,
        spec=Spec(
            *_inputs_and_hints(base),
            *(number(f"{c}_h", base, Stage.HINT) for c in ("xu", "xv", "yu", "yv")),
            Probe("negative_h", Stage.HINT, Location.GRAPH, Kind.MASK),
            *(number(c, base, Stage.OUTPUT) for c in ("gcd", "x", "y")),
            Probe("negative", Stage.OUTPUT, Location.GRAPH, Kind.MASK),
        ),
        sampler=pair_sampler(base),
        init=init,
        step=step,
        done=done,
        hints=hints,
        outputs=outputs,
        max_steps=lambda n: _max_steps(n, base),
        source=SOURCE,
        validate=validate,
    )


def _inputs_and_hints(base: int) -> tuple[Probe, ...]:
    return (
        *ORDER,
        number("a", base),
        number("b", base),
        number("u_h", base, Stage.HINT),
        number("v_h", base, Stage.HINT),
        digit("q", base, Stage.HINT),
        place("s"),
    )


def _euclid_hints(state: _Euclid) -> Probes:
    return {"u_h": state.u, "v_h": state.v, "q": state.q, "s": state.s}


gcd = gcd_in(10)
"""The greatest common divisor in base 10."""

extended_gcd = extended_gcd_in(10)
"""The greatest common divisor and its Bezout coefficients in base 10."""
