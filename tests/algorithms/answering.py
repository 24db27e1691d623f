"""Judging all answers that a small question can get, right and wrong."""

import itertools

import numpy as np

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.answers import verify
from catalign.algorithms.verdict import Verdict


def judge(algorithm: Algorithm, inputs, **answers) -> Verdict:
    """The verdict on many answers to one question.

    Args:
      algorithm: Whose question it is.
      inputs: The question, a batch of one.
      **answers: For each output, one value an answer.
    """
    outputs = {name: np.asarray(x) for name, x in answers.items()}
    count = len(next(iter(outputs.values())))
    return verify(algorithm, {k: np.repeat(x, count, axis=0) for k, x in inputs.items()}, outputs)


def question(**values) -> dict[str, np.ndarray]:
    """Inputs of a batch of one, with `pos` for the nodes of the first; no JAX, so no compiling."""
    arrays = {name: np.asarray(value)[None] for name, value in values.items()}
    arrays = {
        k: x if x.dtype in (bool, np.int32) else x.astype(np.float32) for k, x in arrays.items()
    }
    n = next(iter(arrays.values())).shape[1]
    return {"pos": (np.arange(n, dtype=np.float32) / n)[None], **arrays}


def two_strings(first: str, second: str) -> dict[str, np.ndarray]:
    """Two strings over the characters 0 to 3, as a batch of one."""
    string = np.array([False] * len(first) + [True] * len(second))
    return question(string=string, key=np.array([int(c) for c in first + second], np.int32))


def maps(places: int, values: int) -> np.ndarray:
    """All maps from places to values, a row each."""
    return np.array(list(itertools.product(range(values), repeat=places)), np.int32)


def subsets(size: int) -> np.ndarray:
    """All subsets, a mask each."""
    return maps(size, 2).astype(bool)


def places(verdict: Verdict, output: str, answer: int = 0) -> list:
    """Where one answer is wrong."""
    found = np.argwhere(verdict.violated[output][answer]).tolist()
    return [p[0] if len(p) == 1 else tuple(p) for p in found]
