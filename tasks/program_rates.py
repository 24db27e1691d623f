"""One row of `tasks.bench programs`: a shipped program and its algorithm. Imports JAX."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from catalign.algorithms import catalogue
from catalign.algorithms.chunk import run
from catalign.nn.pretrained import load
from catalign.training.metrics import count
from tasks.bench_programs import ProgramRate
from tasks.rates import peer_sampler


def measure(name: str, *, size: int, batch: int, repeats: int) -> ProgramRate:
    """Times a program, its algorithm and the peer's on instances of one size, in turns.

    Args:
      name: The algorithm.
      size: The number of nodes.
      batch: The instances of one call.
      repeats: Timed calls of each.
    """
    algorithm, reasoner, build = catalogue.get(name), load(name), peer_sampler()
    inputs = algorithm.sample_inputs(jax.random.key(0), batch, size)
    first = jax.vmap(lambda given: algorithm.hints(given, algorithm.init(given)))(inputs)
    limit = max(algorithm.max_steps(algorithm.size(inputs)) + 1, 2)
    learned = jax.jit(lambda given, hints: reasoner.run(given, max_steps=limit, first=hints))

    calls: list[Callable[[], Any]] = [
        lambda: learned(inputs, first),
        lambda: run(algorithm, inputs),
    ]
    execution, trace = (call() for call in calls)
    if build is not None and name in catalogue.CLRS_30:
        calls.append(lambda: build(name, batch, length=size))
    least = [np.inf] * len(calls)
    for _ in range(repeats):
        for k, call in enumerate(calls):
            least[k] = min(least[k], _seconds(call))
    each = [1e3 * seconds / batch for seconds in least]
    counts = count(algorithm.spec, execution.outputs, trace.outputs, trace.complete)
    return ProgramRate(
        task=name,
        size=size,
        steps=float(np.mean(execution.steps)),
        program=each[0],
        algorithm=each[1],
        peer=each[2] if each[2:] else None,
        right=float(counts.graphs_right) / max(int(counts.graphs), 1),
    )


def _seconds(call: Callable[[], Any]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = time.process_time()
        jax.block_until_ready(call())
        return time.process_time() - begin
