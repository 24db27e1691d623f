"""Arithmetic whose carry runs along the digits: a first-order recurrence in `lor_land`."""

import functools
from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import Array

from catalign._typing import Probes
from catalign.algebra.instances import lor_land
from catalign.algorithms import arithmetic
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment import diagrams
from catalign.alignment.alignment import Alignment, Instance
from catalign.integral.graph import DenseGraph

Rule = Callable[[Probes], Array]


def align_ripple(
    algorithm: Algorithm,
    *,
    state: str,
    generate: Rule,
    propagate: Rule,
    answers: Mapping[str, Callable[[Probes, Array], Array]],
) -> Alignment:
    """Aligns an algorithm whose yes or no runs up the digits with the diagram `ripple`.

    Maths: `c_v <- g_v or (p_v and c_pred(v))`, all digits at once, from no carry at all.

    Args:
      algorithm: The algorithm, with the input `pred` that points to the digit before.
      state: The output with the carries; its hint ends in `_h`.
      generate: `generate(inputs)` says which digits carry by themselves.
      propagate: `propagate(inputs)` says which digits carry if one arrives.
      answers: The other outputs, as functions of the inputs and of the arriving carries (0 or 1).
    """

    def not_first(inputs: Probes) -> Array:
        pred = inputs["pred"]
        return pred != jnp.arange(pred.shape[0], dtype=pred.dtype)

    def encode(inputs: Probes, carry: Array) -> Instance:
        n = carry.shape[0]
        fields = {
            "state": carry,
            "generate": generate(inputs),
            "propagate": propagate(inputs) & not_first(inputs),
        }
        # The diagram has no edges: it moves along the pointer alone.
        graph = DenseGraph(mask=jnp.zeros((n, n), bool))
        return Instance(fields=fields, graph=graph, pointers={"pred": inputs["pred"]})

    def answer(inputs: Probes, carry: Array) -> Probes:
        arriving = (carry[inputs["pred"]] & not_first(inputs)).astype(jnp.int32)
        return {name: rule(inputs, arriving) for name, rule in answers.items()} | {state: carry}

    return Alignment(
        algorithm=algorithm,
        diagram=diagrams.ripple,
        semiring=lor_land,
        begin=lambda inputs: jnp.zeros(inputs["pred"].shape, bool),
        encode=encode,
        advance=lambda inputs, carry, out: out,
        decode=lambda inputs, carry: {f"{state}_h": carry},
        answer=answer,
    )


@functools.cache
def addition_in(base: int) -> Alignment:
    """The alignment of addition in a base.

    Maths: `g_v = [a_v + b_v >= base]`, `p_v = [a_v + b_v = base - 1]`.

    Raises:
      InputError: `base` is not supported.
    """
    return align_ripple(
        arithmetic.addition_in(base),
        state="carry",
        generate=lambda inputs: inputs["a"] + inputs["b"] >= base,
        propagate=lambda inputs: inputs["a"] + inputs["b"] == base - 1,
        answers={"sum": lambda inputs, carry: (inputs["a"] + inputs["b"] + carry) % base},
    )


@functools.cache
def subtraction_in(base: int) -> Alignment:
    """The alignment of subtraction in a base.

    Maths: `g_v = [a_v < b_v]`, `p_v = [a_v = b_v]`.

    Raises:
      InputError: `base` is not supported.
    """
    return align_ripple(
        arithmetic.subtraction_in(base),
        state="borrow",
        generate=lambda inputs: inputs["a"] < inputs["b"],
        propagate=lambda inputs: inputs["a"] == inputs["b"],
        answers={"difference": lambda inputs, carry: (inputs["a"] - inputs["b"] - carry) % base},
    )


addition = addition_in(10)
"""Addition is the recurrence of generate and propagate in `lor_land`, digit by digit."""

subtraction = subtraction_in(10)
"""Subtraction is the same recurrence, for the borrow."""
