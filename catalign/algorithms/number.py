"""Numbers as digit nodes: what all arithmetic shares.

A number of n digits in a base has one digit at each node. Node 0 holds the least significant digit,
and leading zeros fill the upper nodes. Beside the benchmark's `pos`, every arithmetic instance has
the input `pred`, a pointer from each node to the next less significant one (node 0 to itself), so
that a layer can read a digit's neighbour at any length, where `pos` alone cannot tell them apart.
"""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.chain import chain
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.distributions.digit import to_digits

PRED = Probe("pred", Stage.INPUT, Location.NODE, Kind.POINTER)
ORDER = (POS, PRED)
"""The inputs that say which digit is which."""


def number(name: str, base: int, stage: Stage = Stage.INPUT) -> Probe:
    """A number: a digit at each node."""
    return Probe(name, stage, Location.NODE, Kind.CATEGORICAL, classes=base)


def digit(name: str, base: int, stage: Stage = Stage.INPUT) -> Probe:
    """A single digit, at the graph."""
    return Probe(name, stage, Location.GRAPH, Kind.CATEGORICAL, classes=base)


def place(name: str) -> Probe:
    """A hint that marks the digit at work."""
    return Probe(name, Stage.HINT, Location.NODE, Kind.MASK_ONE)


def number_inputs(size: int, **operands: Array) -> Probes:
    """The inputs of an instance with these operands.

    Example:
      >>> number_inputs(2, a=jnp.array([3, 1], jnp.int32))["pred"].tolist()
      [0, 0]
    """
    return {"pos": positions(size), "pred": chain(size), **operands}


def at_least_one(digits: Int[Array, " n"]) -> Int[Array, " n"]:
    """The number itself, or 1 in place of 0: for samples of what nothing else may be divided by.

    Example:
      >>> at_least_one(jnp.array([0, 0], jnp.int32)).tolist()
      [1, 0]
    """
    one = jnp.arange(digits.shape[0], dtype=jnp.int32) == 0
    return jnp.where(one & jnp.all(digits == 0), 1, digits)


def from_integers(
    algorithm: Algorithm, values: Mapping[str, int], *, size: int | None = None
) -> Probes:
    """The inputs of an arithmetic algorithm for given integers.

    Args:
      algorithm: One of those that read numbers.
      values: Its operands by name, each of at least 0.
      size: The number of digit nodes; as many as the longest operand needs if left out.

    Returns:
      One instance, for `algorithm.trace`.

    Raises:
      InputError: An operand is missing, unknown, negative or too long.

    Example:
      >>> from catalign.algorithms.arithmetic import addition
      >>> from_integers(addition, {"a": 95, "b": 7})["b"].tolist()
      [7, 0]
    """
    probes = [p for p in algorithm.spec.inputs if p.kind is Kind.CATEGORICAL]
    names = [p.name for p in probes]
    if sorted(values) != sorted(names):
        raise InputError(
            f"`values` of {algorithm.name} must be {', '.join(names)}; got {', '.join(values)}."
        )
    if size is None:
        size = max(_length(values[p.name], _base(p)) for p in probes)
    operands = {}
    for probe in probes:
        digits = to_digits(values[probe.name], size if probe.rank else 1, base=_base(probe))
        operands[probe.name] = jnp.asarray(digits if probe.rank else digits[0])
    return number_inputs(size, **operands)


def check_order(name: str, inputs: HostProbes) -> None:
    """Raises unless `pred` points from each digit to the next less significant one.

    Raises:
      InputError: It does not.
    """
    pred = inputs["pred"]
    expected = np.maximum(np.arange(pred.shape[-1]) - 1, 0)
    bad = pred != expected
    if bad.any():
        b, i = (int(x) for x in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs['pred']` of {name} is {pred[b, i]} at node {i} of instance {b}, but digits "
            f"come least significant first, so it must be {expected[i]}. Use `number_inputs`."
        )


def check_nonzero(name: str, operand: str, inputs: HostProbes) -> None:
    """Raises if an operand is zero.

    Raises:
      InputError: It is.
    """
    values = inputs[operand]
    zero = ~(values != 0).reshape(values.shape[0], -1).any(axis=1)
    if zero.any():
        raise InputError(
            f"`inputs[{operand!r}]` of {name} is 0 in instance {int(np.argmax(zero))}. "
            "Nothing can be divided by 0: give at least 1."
        )


def _base(probe: Probe) -> int:
    assert probe.classes is not None
    return probe.classes


def _length(value: int, base: int) -> int:
    """The number of digits of an integer, at least 1."""
    length, power = 1, base
    while power <= value:
        length, power = length + 1, power * base
    return length
