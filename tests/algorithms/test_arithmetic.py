"""Arithmetic against Python's integers: edge cases, random numbers, any base, and long runs."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arithmetic import (
    addition,
    addition_in,
    comparison,
    multi_operand_addition,
    multi_operand_addition_in,
    parity,
    subtraction,
)
from catalign.algorithms.arithmetic_digit import (
    digit_division,
    digit_division_in,
    digit_multiplication,
)
from catalign.algorithms.arithmetic_division import division, division_in
from catalign.algorithms.arithmetic_gcd import extended_gcd, gcd, gcd_in
from catalign.algorithms.arithmetic_multiplication import multiplication, multiplication_in
from catalign.algorithms.arithmetic_power import (
    modular_exponentiation,
    modular_exponentiation_in,
    multiply,
)
from catalign.algorithms.catalogue import TABLE, get
from catalign.algorithms.number import from_integers
from catalign.algorithms.spec import Kind
from catalign.distributions.digit import MAX_BASE, to_integer

SIZE, BATCH = 4, 4
EXAMPLES = settings(max_examples=15, deadline=None)
TOP = 10**SIZE - 1
EDGES = [(0, 0), (0, 7), (TOP, TOP), (TOP, 1), (1, TOP), (1000, 999), (999, 1000), (5, 5)]
NUMBER = st.one_of(st.integers(0, TOP), st.sampled_from([0, 1, 9, 10, 99, 999, 1000, TOP]))
KEY = jax.random.key(0)
ARITHMETIC = [row.name for row in TABLE if row.module.startswith("arithmetic")]
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), min_size=BATCH, max_size=BATCH)


def batch(algorithm: Algorithm, rows: list[dict[str, int]], size: int = SIZE) -> Probes:
    """Instances of given integers, stacked."""
    instances = [from_integers(algorithm, row, size=size) for row in rows]
    return jax.tree.map(lambda *x: jnp.stack(x), *instances)


def run(algorithm: Algorithm, rows: list[dict[str, int]], size: int = SIZE) -> list[dict[str, int]]:
    """The outputs of a batch: the integer of each number, the last state of each mask."""
    trace = jax.device_get(algorithm.traces(batch(algorithm, rows, size)))
    assert trace.complete.all()
    base = next(p.classes for p in algorithm.spec.inputs if p.kind is Kind.CATEGORICAL)
    assert base is not None
    answers = []
    for k in range(len(rows)):
        answers.append(
            {
                p.name: to_integer(trace.outputs[p.name][k], base=base)
                if p.rank and p.classes == base
                else int(trace.outputs[p.name][k].reshape(-1)[-1])
                for p in algorithm.spec.outputs
            }
        )
    return answers


def expected(algorithm: Algorithm, base: int, size: int, **values: int) -> dict[str, int] | None:
    """What Python's integers say; None where the spec is checked elsewhere."""
    top = base**size
    a, b = values.get("a", 0), values.get("b", 0)
    match algorithm.name.split("_base_")[0]:
        case "addition":
            return {"sum": (a + b) % top, "carry": (a + b) // top}
        case "subtraction":
            return {"difference": (a - b) % top, "borrow": int(a < b)}
        case "comparison":
            return {"order": 0 if a == b else 1 if a < b else 2}
        case "multiplication":
            return {"low": a * b % top, "high": a * b // top}
        case "division":
            return {"quotient": a // b, "remainder": a % b}
        case "gcd":
            return {"gcd": math.gcd(a, b)}
        case "modular_exponentiation":
            return {"result": pow(a, values["e"], values["m"])}
    return None


def check(algorithm: Algorithm, rows: list[dict[str, int]], base: int = 10, size: int = SIZE):
    for row, answer in zip(rows, run(algorithm, rows, size), strict=True):
        assert answer == expected(algorithm, base, size, **row), row


TOTAL = (addition, subtraction, comparison, multiplication, gcd)


@pytest.mark.parametrize("algorithm", TOTAL, ids=lambda a: a.name)
def test_edge_cases_equal_python(algorithm):
    rows = [{"a": a, "b": b} for a, b in EDGES]
    check(algorithm, rows[:BATCH])
    check(algorithm, rows[BATCH:])


@pytest.mark.parametrize("algorithm", TOTAL, ids=lambda a: a.name)
@EXAMPLES
@given(PAIRS)
def test_random_numbers_equal_python(algorithm, pairs):
    check(algorithm, [{"a": a, "b": b} for a, b in pairs])


@EXAMPLES
@given(PAIRS)
def test_division_equals_python(pairs):
    check(division, [{"a": a, "b": max(b, 1)} for a, b in pairs])


@settings(max_examples=8, deadline=None)
@given(PAIRS, st.lists(NUMBER, min_size=BATCH, max_size=BATCH))
def test_modular_exponentiation_equals_python(pairs, moduli):
    rows = [{"a": a, "e": e, "m": max(m, 1)} for (a, e), m in zip(pairs, moduli, strict=True)]
    check(modular_exponentiation, rows)


def test_powers_at_the_edges():
    triples = [(0, 0, 7), (0, 5, 7), (TOP, TOP, 1), (TOP, TOP, TOP)]
    check(modular_exponentiation, [dict(zip("aem", t, strict=True)) for t in triples])


@pytest.mark.parametrize(("base", "size"), [(2, 5), (16, 3)])
def test_other_bases_equal_python(base, size):
    rng = np.random.default_rng(base)
    for make in (addition_in, multiplication_in, division_in):
        drawn = rng.integers(1, base**size, (BATCH - 1, 2)).tolist()
        rows = [{"a": a, "b": b} for a, b in [*drawn, (base**size - 1, 1)]]
        check(make(base), rows, base, size)


def test_powers_in_an_odd_base_equal_python():
    drawn = np.random.default_rng(3).integers(1, 3**SIZE, (BATCH, 3)).tolist()
    rows = [dict(zip("aem", row, strict=True)) for row in drawn]
    check(modular_exponentiation_in(3), rows, 3)


@pytest.mark.parametrize(("base", "size"), [(10, 9), (1000, 3), (2, 31)])
def test_powers_of_several_limbs_equal_python(base, size):
    rng = np.random.default_rng(base)
    moduli = [1, 2, base**size - 1, base ** (size - 1), int(rng.integers(1, base**size))]
    rows = [
        {"a": int(rng.integers(0, base**size)), "e": int(rng.integers(0, base**size)), "m": m}
        for m in (moduli * BATCH)[:BATCH]
    ]
    check(modular_exponentiation_in(base), rows, base, size)


@pytest.mark.parametrize("base", [2, 10, MAX_BASE])
def test_products_equal_python(base):
    top = jnp.full(7, base - 1, jnp.int32)
    for x, y in ((top, top[:3]), (top[:3], top), (top, jnp.zeros(2, jnp.int32))):
        product = to_integer(multiply(x, y, base=base), base=base)
        assert product == to_integer(x, base=base) * to_integer(y, base=base)


@EXAMPLES
@given(PAIRS)
def test_one_digit_operations_equal_python(pairs):
    rows = [{"a": a, "m": b % 10} for a, b in pairs]
    for row, answer in zip(rows, run(digit_multiplication, rows), strict=True):
        # The last node's carry is digit 4 of the product, so it is the leading digit of `carry`.
        carry = answer["carry"] // 10 ** (SIZE - 1)
        assert answer["product"] + carry * 10**SIZE == row["a"] * row["m"]
    rows = [{"a": a, "d": b % 9 + 1} for a, b in pairs]
    for row, answer in zip(rows, run(digit_division, rows), strict=True):
        assert (answer["quotient"], answer["remainder"] % 10) == divmod(row["a"], row["d"])


@EXAMPLES
@given(PAIRS)
def test_multi_operand_addition_equals_python(pairs):
    rows = [{"x0": a, "x1": b, "x2": b, "x3": a} for a, b in pairs]
    for row, answer in zip(rows, run(multi_operand_addition, rows), strict=True):
        assert answer["sum"] + answer["carry"] * 10**SIZE == sum(row.values())


@EXAMPLES
@given(st.lists(st.integers(0, 2**SIZE - 1), min_size=BATCH, max_size=BATCH))
def test_parity_counts_the_ones(numbers):
    answers = run(parity, [{"a": a} for a in numbers])
    assert [answer["parity"] for answer in answers] == [a.bit_count() % 2 for a in numbers]


@EXAMPLES
@given(PAIRS)
def test_bezout_coefficients_combine_to_the_gcd(pairs):
    answers = run(extended_gcd, [{"a": a, "b": b} for a, b in pairs])
    for (a, b), answer in zip(pairs, answers, strict=True):
        combined = answer["x"] * a - answer["y"] * b
        assert math.gcd(a, b) == answer["gcd"] == (-combined if answer["negative"] else combined)
        assert max(answer["x"], answer["y"]) <= max(a, b, 1)


@pytest.mark.parametrize(
    "algorithm", [addition, multiplication, division, gcd], ids=lambda a: a.name
)
def test_one_digit_is_enough(algorithm):
    rows = [{"a": a, "b": b} for a, b in [(9, 9), (0, 1), (7, 3), (9, 1)]]
    check(algorithm, rows, size=1)


def test_every_gcd_of_small_numbers_ends_within_its_bound():
    for base, size in ((2, 5), (3, 3)):
        top = base**size
        algorithm = gcd_in(base)
        digits = np.array([[k // base**i % base for i in range(size)] for k in range(top)])
        first, second = (x.reshape(-1, size) for x in np.broadcast_arrays(digits[:, None], digits))
        inputs = batch(algorithm, [{"a": 0, "b": 0}], size)
        inputs = {name: jnp.repeat(x, top * top, axis=0) for name, x in inputs.items()}
        inputs |= {"a": jnp.asarray(first, jnp.int32), "b": jnp.asarray(second, jnp.int32)}
        trace = jax.device_get(algorithm.traces(inputs))
        assert trace.complete.all()
        found = trace.outputs["gcd"] @ base ** np.arange(size)
        assert (found == np.gcd.outer(np.arange(top), np.arange(top)).reshape(-1)).all()
        assert algorithm.max_steps(size) - trace.lengths.max() <= 2, "the bound could be tighter"


def test_an_addition_has_one_more_hint_than_its_longest_carry_chain():
    rows = [{"a": a, "b": b} for a, b in [(1234, 4321), (5, 5), (109, 1), (TOP, 1)]]
    assert addition.traces(batch(addition, rows)).lengths.tolist() == [1, 2, 2, 5]


def test_hints_of_a_chain_are_right_from_its_start_on():
    rows = [{"a": a, "d": d} for a, d in [(1234, 7), (TOP, 8), (5000, 3), (0, 9)]]
    trace = jax.device_get(digit_division.traces(batch(digit_division, rows)))
    final = trace.outputs["remainder"]
    for t, hint in enumerate(trace.hints["remainder_h"]):
        assert (hint[:, max(SIZE - t, 0) :] == final[:, max(SIZE - t, 0) :]).all()


def test_rows_of_a_product_finish_one_digit_each():
    rows = [{"a": a, "b": b} for a, b in [(1234, 4321), (TOP, TOP), (0, 7), (TOP, 1)]]
    trace = jax.device_get(multiplication.traces(batch(multiplication, rows)))
    assert trace.lengths.tolist() == [2 * SIZE] * BATCH
    product = np.concatenate([trace.outputs["low"], trace.outputs["high"]], axis=1)
    for t in range(2 * SIZE):
        shown = np.concatenate([trace.hints["low_h"][t], trace.hints["high_h"][t]], axis=1)
        assert (shown[:, : t + 1] == product[:, : t + 1]).all()
        assert not shown[:, t + 1 :].any()
    assert trace.hints["phase"][:, 0].tolist() == [False] * SIZE + [True] * SIZE


def test_a_carry_through_many_digits_is_exact():
    size = 300
    a = int("3141592653" * 30)
    inputs = batch(addition, [{"a": a, "b": 10**size - a}], size)
    trace = jax.device_get(addition.traces(inputs))
    assert not trace.outputs["sum"].any()
    assert trace.outputs["carry"].all()
    assert trace.lengths.tolist() == [size + 1]


def test_the_largest_base_does_not_overflow():
    base, size = 2**15, 2
    top = base**size - 1
    rows = [{"a": top, "b": top}, {"a": top, "b": 1}]
    check(multiplication_in(base), rows, base, size)
    check(addition_in(base), rows, base, size)


@pytest.mark.parametrize(
    ("algorithm", "row"),
    [
        (division, {"a": 5, "b": 0}),
        (digit_division, {"a": 5, "d": 0}),
        (modular_exponentiation, {"a": 5, "e": 1, "m": 0}),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_nothing_is_divided_by_zero(algorithm, row):
    with pytest.raises(InputError, match="divided by 0"):
        algorithm.trace(from_integers(algorithm, row))


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="`base` is 1"):
        addition_in(1)
    with pytest.raises(InputError, match="`count` is 1"):
        multi_operand_addition_in(10, count=1)
    with pytest.raises(InputError, match="must be a, b; got a"):
        from_integers(addition, {"a": 1})
    with pytest.raises(InputError, match="`value` is 100"):
        from_integers(addition, {"a": 100, "b": 1}, size=2)
    inputs = from_integers(addition, {"a": 12, "b": 1})
    with pytest.raises(InputError, match="least significant first"):
        addition.trace({**inputs, "pred": jnp.array([1, 1], jnp.int32)})
    with pytest.raises(InputError, match="outside 0 to 9"):
        addition.trace({**inputs, "a": jnp.array([1, 10], jnp.int32)})


def test_a_base_has_one_algorithm():
    assert addition_in(10) is addition
    assert digit_division_in(2).name == "digit_division_base_2"


@pytest.mark.parametrize("x64", [False, True])
def test_samples_and_traces_are_what_the_spec_says(x64):
    with jax.enable_x64(x64):
        for name in ARITHMETIC:
            algorithm = get(name)
            trace = jax.eval_shape(lambda key, a=algorithm: a.sample(key, 2, SIZE), KEY)
            stages = (trace.inputs, trace.hints, trace.outputs)
            for values, probes in zip(
                stages,
                (algorithm.spec.inputs, algorithm.spec.hints, algorithm.spec.outputs),
                strict=True,
            ):
                assert {p.name for p in probes} == set(values)
                for p in probes:
                    float_type = "float64" if x64 else "float32"
                    kind = {Kind.MASK: "bool", Kind.SCALAR: float_type}.get(p.kind, "int32")
                    assert values[p.name].dtype == kind, (name, p.name)
