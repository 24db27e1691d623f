"""Adds two numbers of your own with a reasoner."""

import jax.numpy as jnp
import numpy as np

from catalign._errors import UnsupportedError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.chain import chain
from catalign.algorithms.inputs import positions
from catalign.algorithms.number import number
from catalign.algorithms.spec import Spec, Stage
from catalign.nn.reasoner import AbstractReasoner
from tasks.answer import Answer, Verdict
from tasks.execution import compute, facts
from tasks.verify import check_sum

BASE = 10
LIMIT = 2048
"""The most digits: reasoners here work on all pairs of digits."""


def adds(spec: Spec) -> bool:
    """Whether a spec is that of addition in base 10."""
    operands = {number("a", BASE), number("b", BASE)}
    rest = {p.name for p in spec.inputs if p not in operands}
    answers = {p.name for p in spec.outputs}
    return (
        operands <= set(spec.inputs)
        and rest == {"pos", "pred"}
        and number("sum", BASE, Stage.OUTPUT) in spec.outputs
        and answers == {"sum", "carry"}
    )


def solve_addition(
    algorithm: Algorithm, reasoner: AbstractReasoner, first: str, second: str
) -> tuple[Answer, Verdict]:
    """Adds two numbers and checks the sum.

    Args:
      algorithm: Addition in base 10.
      reasoner: The trained reasoner.
      first: Decimal digits.
      second: Decimal digits.

    Raises:
      UnsupportedError: There are too many digits.
    """
    n = max(len(first), len(second))
    if n > LIMIT:
        raise UnsupportedError(
            f"--input has a number of {n} digits, but this reasoner adds at most {LIMIT}."
        )
    inputs = {
        "pos": positions(n),
        "pred": chain(n),
        "a": jnp.asarray(_digits(first, n)),
        "b": jnp.asarray(_digits(second, n)),
    }
    execution = compute(algorithm, reasoner, inputs)
    digits = np.asarray(execution.outputs["sum"]).tolist()
    carry = int(np.asarray(execution.outputs["carry"])[-1])
    total = "".join(map(str, [carry, *reversed(digits)])).lstrip("0") or "0"
    told = {"digits": n, **facts(execution)}
    answer = Answer(("first", "second", "sum"), [(first, second, total)], told)
    return answer, check_sum(first, second, total)


def _digits(text: str, n: int) -> np.ndarray:
    """The digits of a number, the least significant first."""
    return np.array([int(digit) for digit in reversed(text.zfill(n))], dtype=np.int32)
