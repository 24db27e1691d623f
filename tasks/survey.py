"""Collects what `tasks.list` shows from the library. Imports JAX."""

from collections.abc import Callable

import jax
import numpy as np

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import entry, get, names
from catalign.alignment import catalogue as alignments
from catalign.training.config import TrainConfig
from catalign.training.default import fill
from tasks.catalogue import STEP_SIZES, Row
from tasks.solve import reads

INSTANCES = 64
"""How many drawn instances tell the steps of a run."""


def collect(steps: Callable[[Algorithm, int], int] | None = None) -> tuple[Row, ...]:
    """The rows of the catalogue as the library has them now, sorted by name.

    Args:
      steps: `steps(algorithm, size)` gives the hint steps of a run; counted if left out, which
        compiles every algorithm at every size.
    """
    return tuple(_row(name, steps or typical_steps) for name in names())


def typical_steps(algorithm: Algorithm, size: int) -> int:
    """The hint steps of a run, as the lower median of instances drawn as the sampler does."""
    inputs = algorithm.sample_inputs(jax.random.key(0), INSTANCES, size)
    return int(np.sort(algorithm.count_steps(inputs))[(INSTANCES - 1) // 2])


def _row(name: str, steps: Callable[[Algorithm, int], int]) -> Row:
    algorithm = get(name)
    spec = algorithm.spec
    aligned = alignments.entry(name) if name in alignments.names() else None
    return Row(
        name=name,
        chapter=entry(name).chapter,
        inputs=tuple(p.name for p in spec.inputs),
        hints=tuple(p.name for p in spec.hints),
        outputs=tuple(p.name for p in spec.outputs),
        steps=tuple(steps(algorithm, size) for size in STEP_SIZES),
        most_steps=tuple(algorithm.max_steps(algorithm.nodes(size)) for size in STEP_SIZES),
        diagram="" if aligned is None else aligned.diagram,
        algebra="" if aligned is None else aligned.algebra,
        reads=reads(spec),
        processor=fill(algorithm, TrainConfig()).processor or "",
        source=algorithm.source,
    )
