"""How fast traces are made, here and by the public benchmark's package. Imports JAX."""

import functools
import importlib
import math
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from catalign.algorithms import catalogue
from catalign.algorithms.algorithm import Algorithm

_SLACK = 1.1
_PEER_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class SamplerRate:
    """One row: traces a second.

    Attributes:
      algorithm: What was traced.
      size: The size asked for.
      batch: Instances in one call.
      steps: The length of the recorded time axis.
      complete: The share of runs that ended within it.
      catalign: Traces a second here, compilation apart.
      compile_seconds: The first call.
      peer: Traces a second of dm-clrs; None where it cannot be imported or has no such algorithm.
    """

    algorithm: str
    size: int
    batch: int
    steps: int
    complete: float
    catalign: float
    compile_seconds: float
    peer: float | None

    @property
    def ratio(self) -> float | None:
        """How many times faster than the peer."""
        return None if self.peer is None else self.catalign / self.peer


def sampler_rates(
    names: Sequence[str], sizes: Sequence[int], *, batch: int, memory: int, repeats: int
) -> Iterator[SamplerRate]:
    """Times the samplers, ours and the peer's in alternation.

    Args:
      names: The algorithms; those of CLRS-30 if empty.
      sizes: The sizes.
      batch: Instances in one call.
      memory: The most MiB that the hints of one call may take.
      repeats: Timed calls of each.
    """
    build = peer_sampler()
    for name in names or catalogue.CLRS_30:
        for size in sizes:
            yield _rate(catalogue.get(name), size, batch, memory, repeats, build)


def describe(row: SamplerRate) -> str:
    """A row as one line."""
    beside = "" if row.peer is None else f", dm-clrs {row.peer:,.1f}: {row.ratio:,.1f} times"
    return f"{row.algorithm} n = {row.size}: {row.catalign:,.0f} traces/s{beside}"


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive numbers."""
    return math.exp(statistics.fmean(map(math.log, values)))


def machine() -> str:
    """What it ran on."""
    device = jax.devices()[0]
    place = f"{os.cpu_count()} cores" if device.platform == "cpu" else device.device_kind
    return f"{device.platform}, {place}, jax {jax.__version__}, Python {platform.python_version()}"


def peer_sampler() -> Callable[..., Any] | None:
    """The sampler factory of dm-clrs; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("clrs").build_sampler
        except ImportError:
            return None


def _rate(
    algorithm: Algorithm,
    size: int,
    batch: int,
    memory: int,
    repeats: int,
    build: Callable[..., Any] | None,
) -> SamplerRate:
    key = jax.random.key(0)
    inputs = jax.jit(lambda k: algorithm.sample_inputs(k, 256, size))(key)
    longest = int(np.max(algorithm.count_steps(inputs)))
    bound = algorithm.max_steps(algorithm.size(inputs))
    # Buffers as long as the bound would waste memory where runs are far shorter.
    steps = bound if bound <= 2 * longest else min(bound, int(_SLACK * longest) + 2)
    shapes = jax.eval_shape(lambda k: algorithm.sample(k, 1, size, steps=steps), key).hints
    each = sum(math.prod(h.shape) * h.dtype.itemsize for h in shapes.values())
    while batch > 1 and each * batch > memory * 2**20:
        batch //= 2
    draw = jax.jit(lambda k: algorithm.sample(k, batch, size, steps=steps))
    compile_seconds, trace = _timed(lambda: jax.block_until_ready(draw(key)))
    complete = float(np.mean(trace.complete))
    del trace
    ours, theirs, count = [], [], 4
    for repeat in range(repeats):
        again = jax.random.key(repeat + 1)
        ours.append(batch / _timed(lambda k=again: jax.block_until_ready(draw(k)))[0])
        if build is not None:
            seconds, count = _peer_seconds(build, algorithm.name, size, count)
            theirs.append(count / seconds)
    return SamplerRate(
        algorithm=algorithm.name,
        size=size,
        batch=batch,
        steps=steps,
        complete=complete,
        catalign=statistics.median(ours),
        compile_seconds=compile_seconds,
        peer=statistics.median(theirs) if theirs else None,
    )


def _peer_seconds(build: Callable[..., Any], name: str, size: int, count: int) -> tuple[float, int]:
    """The time of `count` trajectories, and a count that takes about a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds, _ = _timed(functools.partial(build, name, count, length=size))
        while seconds < _PEER_SECONDS / 4 and count < 4096:
            count *= 4
            seconds, _ = _timed(functools.partial(build, name, count, length=size))
    return seconds, count


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result
