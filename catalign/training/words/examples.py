"""What an algorithm answers on words: letters in, the last hints and the outputs at each node."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Probe
from catalign.algorithms.trace import Trace
from catalign.nn.scan.form import WordForm
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.nn.scan.word import UNSUPERVISED, Words
from catalign.training.discrete.family import is_valid

LEAST = 256
"""How many words of a length are run at least."""


@dataclass(frozen=True)
class Answered:
    """Words of one length with their answers.

    Attributes:
      letters: `[b, n, k]`.
      values: For each hint, its last value, and for each output its value, `[b, n]`.
    """

    letters: np.ndarray
    values: dict[str, np.ndarray]


def answered(form: WordForm, trace: Trace, *, count: int | None = None) -> Answered:
    """The words of a batch of traces, without the runs that the algorithm does not complete.

    Args:
      form: How the probes are words.
      trace: The runs.
      count: How many of them count, the first ones; all if left out.
    """
    host: Trace = jax.device_get(trace)
    every = np.arange(len(host.complete))
    complete = np.asarray(host.complete) & (every < (len(every) if count is None else count))
    values = {}
    for probe in form.written:
        if probe.name in host.outputs:
            found = host.outputs[probe.name]
        else:
            found = host.hints[probe.name][np.asarray(host.lengths) - 1, every]
        values[probe.name] = np.asarray(found)[complete].astype(int)
    letters = np.asarray(form.read(trace.inputs))[complete]
    return Answered(letters, values)


def instances(algorithm: Algorithm, form: WordForm, letters: np.ndarray) -> dict[str, Any]:
    """The instances with given letters, `[b, n, k]`; those outside the domain are left out.

    The order, and the places of nodes, are those that the algorithm draws.
    """
    count, n = letters.shape[:2]
    drawn = jax.device_get(algorithm.sample_inputs(jax.random.key(0), 1, n))
    found: dict[str, Any] = {
        name: np.repeat(np.asarray(value), count, axis=0) for name, value in drawn.items()
    }
    for k, probe in enumerate(form.letters):
        entry = letters[..., 0, k] if k in form.constant else letters[..., k]
        found[probe.name] = entry.astype(found[probe.name].dtype)
    try:
        algorithm.check(found)
    except InputError:
        fits = [b for b in range(count) if is_valid(algorithm, found, b)]
        found = {name: value[fits] for name, value in found.items()}
    return found


def ask(algorithm: Algorithm, form: WordForm, words: Sequence[np.ndarray]) -> list[Answered]:
    """What the algorithm answers on words of any lengths, each `[n, k]`."""
    found = []
    for n in sorted({len(word) for word in words}):
        if n < algorithm.min_size:
            continue
        inputs = instances(algorithm, form, np.stack([word for word in words if len(word) == n]))
        count = len(inputs[form.order.name])
        if not count:
            continue
        # One shape for many counts, so that asking again compiles nothing: the first are repeated.
        filled = max(LEAST, 1 << (count - 1).bit_length())
        repeated = {name: value[np.arange(filled) % count] for name, value in inputs.items()}
        found.append(answered(form, algorithm.traces(repeated), count=count))
    return found


def words_of(
    blocks: Sequence[Answered], probe: Probe, *, from_last: bool
) -> tuple[np.ndarray, np.ndarray]:
    """All words side by side, and the values of one probe: `UNSUPERVISED` after a word's end.

    Returns:
      The letters, `[words, places, k]`, and the values, `[words, places]`. Words are filled up
      where they are read last.
    """
    longest = max(block.letters.shape[1] for block in blocks)
    letters, values = [], []
    for block in blocks:
        missing = longest - block.letters.shape[1]
        place = (missing, 0) if from_last else (0, missing)
        letters.append(np.pad(block.letters, ((0, 0), place, (0, 0))))
        told = block.values[probe.name]
        values.append(np.pad(told, ((0, 0), place), constant_values=UNSUPERVISED))
    return np.concatenate(letters), np.concatenate(values)


def words_for(blocks: Sequence[Answered], probe: Probe, *, from_last: bool) -> Words:
    """`words_of` as the examples of a learner."""
    return Words(*words_of(blocks, probe, from_last=from_last))


def write(reasoner: ScanReasoner, letters: np.ndarray) -> dict[str, np.ndarray]:
    """What a reasoner writes to each hint and output, `[b, n]` from `[b, n, k]`, on the host."""
    return {name: machine.run_on_host(letters) for name, machine in reasoner.machines.items()}
