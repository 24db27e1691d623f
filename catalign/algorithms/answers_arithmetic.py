"""Checks of the answers of arithmetic, without running the algorithm again.

Where the carries, borrows or remainders are part of the answer, one equation at each digit decides:
together they have a single solution, and those that fail are the violated places. The others are
decided by an identity of whole numbers, in Python's integers: a product, a division, a pair of
Bezout coefficients. There the violated places are the digits of the outputs that enter a broken
identity.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from jax import Array
from jaxtyping import Int

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import HostProbes
from catalign.algorithms.spec import Kind
from catalign.algorithms.verdict import Verdict
from catalign.distributions.digit import to_digits, to_integer

_Violated: TypeAlias = Mapping[str, np.ndarray]
_Check: TypeAlias = Callable[[HostProbes, HostProbes, int], _Violated]
_Values: TypeAlias = Int[np.ndarray, "b n"]


def is_arithmetic(algorithm: Algorithm) -> bool:
    """Whether `verify_arithmetic` has a check for the algorithm.

    Example:
      >>> from catalign.algorithms.arithmetic import addition
      >>> is_arithmetic(addition)
      True
    """
    return _family(algorithm) in _CHECKS


def _family(algorithm: Algorithm) -> str:
    """Its name without the base and the number of operands."""
    return algorithm.name.split("_base_")[0].split("_of_")[0]


def verify_arithmetic(algorithm: Algorithm, inputs: Probes, outputs: Probes) -> Verdict:
    """Decides which answers to a batch of arithmetic questions are right.

    Args:
      algorithm: One of the arithmetic algorithms, in any base.
      inputs: Its inputs, `[B, ...]`.
      outputs: The answers, `[B, ...]`: from a trace, or from a model.

    Raises:
      InputError: The algorithm is not one of arithmetic, or an output is missing.

    Example:
      >>> import jax
      >>> from catalign.algorithms.arithmetic import addition
      >>> trace = addition.sample(jax.random.key(0), 2, 3)
      >>> print(verify_arithmetic(addition, trace.inputs, trace.outputs))
      2 of 2 answers are right.
    """
    if not is_arithmetic(algorithm):
        raise InputError(
            f"`algorithm` is {algorithm.name}, but only these have a check here: "
            f"{', '.join(sorted(_CHECKS))}."
        )
    missing = [p.name for p in algorithm.spec.outputs if p.name not in outputs]
    if missing:
        raise InputError(f"`outputs` of {algorithm.name} lack {', '.join(missing)}.")
    base = next(p.classes for p in algorithm.spec.inputs if p.kind is Kind.CATEGORICAL)
    assert base is not None
    given, answers = _host(inputs), _host({p.name: outputs[p.name] for p in algorithm.spec.outputs})
    violated = dict(_CHECKS[_family(algorithm)](given, answers, base))
    for probe in algorithm.spec.outputs:
        wrong = violated.get(probe.name, np.zeros(answers[probe.name].shape, bool))
        if probe.kind is Kind.CATEGORICAL:
            assert probe.classes is not None
            values = answers[probe.name]
            wrong = wrong | (values < 0) | (values >= probe.classes)
        violated[probe.name] = wrong
    return Verdict(violated)


def _host(values: Mapping[str, Array]) -> dict[str, np.ndarray]:
    """Values on the host, whole numbers as int64: the equations below stay below 2**40."""
    arrays = {name: np.asarray(x) for name, x in values.items()}
    return {
        name: x.astype(np.int64) if np.issubdtype(x.dtype, np.integer) else x
        for name, x in arrays.items()
    }


def _from_below(values: np.ndarray) -> _Values:
    """What each digit gets from the next less significant one."""
    return np.pad(values.astype(np.int64), ((0, 0), (1, 0)))[:, :-1]


def _addition(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    total = np.sum([x for name, x in inputs.items() if name not in ("pos", "pred")], axis=0)
    return _carried(total, outputs["sum"], outputs["carry"], base, "sum", "carry")


def _digit_multiplication(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    total = inputs["a"] * inputs["m"][:, None]
    return _carried(total, outputs["product"], outputs["carry"], base, "product", "carry")


def _subtraction(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    total = inputs["a"] - inputs["b"]
    borrow = -outputs["borrow"].astype(np.int64)
    return _carried(total, outputs["difference"], borrow, base, "difference", "borrow")


def _carried(
    total: np.ndarray, digits: np.ndarray, carry: np.ndarray, base: int, *names: str
) -> _Violated:
    """`total_i + carry_{i-1} = digit_i + base carry_i`; a carry or a digit, or both, is wrong."""
    correct, correct_carry = _divide(total + _from_below(carry), base)
    return dict(zip(names, (digits != correct, carry != correct_carry), strict=True))


def _divide(total: np.ndarray, base: int) -> tuple[np.ndarray, np.ndarray]:
    return total % base, total // base


def _digit_division(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    remainder = outputs["remainder"]
    arriving = np.pad(remainder, ((0, 0), (0, 1)))[:, 1:]
    total, d = base * arriving + inputs["a"], inputs["d"][:, None]
    return {
        "quotient": outputs["quotient"] != total // d,
        "remainder": remainder != total % d,
    }


def _comparison(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    order, sign = outputs["order"], np.sign(inputs["a"] - inputs["b"])
    own = np.choose(sign + 1, [1, 0, 2])
    return {"order": order != np.where(sign == 0, _from_below(order), own)}


def _parity(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    odd = outputs["parity"]
    return {"parity": odd != ((_from_below(odd) + inputs["a"]) % 2 == 1)}


def _multiplication(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    low, high = outputs["low"], outputs["high"]
    batch, n = low.shape
    wrong = np.zeros((batch, 2 * n), bool)
    for k, (a, b) in enumerate(_rows(base, inputs["a"], inputs["b"])):
        wrong[k] = np.concatenate([low[k], high[k]]) != to_digits(a * b, 2 * n, base=base)
    return {"low": wrong[:, :n], "high": wrong[:, n:]}


def _division(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    """`a = q b + r` and `0 <= r < b` determine q and r."""
    numbers = _rows(base, inputs["a"], inputs["b"], outputs["quotient"], outputs["remainder"])
    bad = [a != q * b + r or not 0 <= r < b for a, b, q, r in numbers]
    return _everywhere(bad, outputs)


def _gcd(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    """`g` divides a and b, and a Bezout pair `x a + y b = g` exists."""
    numbers = _rows(base, inputs["a"], inputs["b"], outputs["gcd"])
    return _everywhere([not _is_gcd(*row) for row in numbers], outputs)


def _extended_gcd(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    """`g` divides a and b, and is the combination of them that the answer says."""
    numbers = _rows(base, inputs["a"], inputs["b"], outputs["gcd"], outputs["x"], outputs["y"])
    bad = [
        not _divides(g, a, b) or (y * b - x * a if negative else x * a - y * b) != g
        for (a, b, g, x, y), negative in zip(numbers, outputs["negative"], strict=True)
    ]
    return _everywhere(bad, outputs)


def _modular_exponentiation(inputs: HostProbes, outputs: HostProbes, base: int) -> _Violated:
    numbers = _rows(base, inputs["a"], inputs["e"], inputs["m"], outputs["result"])
    return _everywhere([pow(a, e, m) != r for a, e, m, r in numbers], outputs)


def _rows(base: int, *numbers: np.ndarray) -> list[tuple[int, ...]]:
    """The integers of each instance."""
    return [tuple(to_integer(x, base=base) for x in row) for row in zip(*numbers, strict=True)]


def _everywhere(bad: list[bool], outputs: HostProbes) -> _Violated:
    """A broken identity says of no digit that it is right."""
    broken = np.array(bad)
    return {
        name: np.broadcast_to(broken.reshape(-1, *[1] * (x.ndim - 1)), x.shape).copy()
        for name, x in outputs.items()
    }


def _divides(g: int, a: int, b: int) -> bool:
    return a == b == 0 if g == 0 else g > 0 and a % g == 0 and b % g == 0


def _is_gcd(a: int, b: int, g: int) -> bool:
    if not _divides(g, a, b):
        return False
    if a == 0 or b == 0:
        return g == a + b
    try:
        x = pow(a // g, -1, b // g)
    except ValueError:
        return False
    y = (g - x * a) // b
    return x * a + y * b == g


_CHECKS: Mapping[str, _Check] = {
    "addition": _addition,
    "comparison": _comparison,
    "digit_division": _digit_division,
    "digit_multiplication": _digit_multiplication,
    "division": _division,
    "extended_gcd": _extended_gcd,
    "gcd": _gcd,
    "modular_exponentiation": _modular_exponentiation,
    "multi_operand_addition": _addition,
    "multiplication": _multiplication,
    "parity": _parity,
    "subtraction": _subtraction,
}
