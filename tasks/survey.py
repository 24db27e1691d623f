"""Collects what `tasks.list` shows from the library. Imports JAX."""

from catalign.algorithms.catalogue import entry, get, names
from catalign.alignment import catalogue as alignments
from catalign.training.config import TrainConfig
from catalign.training.default import fill
from tasks.catalogue import STEP_SIZES, Row
from tasks.solve import reads


def collect() -> tuple[Row, ...]:
    """The rows of the catalogue as the library has them now, sorted by name."""
    return tuple(_row(name) for name in names())


def _row(name: str) -> Row:
    algorithm = get(name)
    spec = algorithm.spec
    aligned = alignments.entry(name) if name in alignments.names() else None
    return Row(
        name=name,
        chapter=entry(name).chapter,
        inputs=tuple(p.name for p in spec.inputs),
        hints=tuple(p.name for p in spec.hints),
        outputs=tuple(p.name for p in spec.outputs),
        steps=tuple(algorithm.max_steps(size) for size in STEP_SIZES),
        diagram="" if aligned is None else aligned.diagram,
        algebra="" if aligned is None else aligned.algebra,
        reads=reads(spec),
        processor=fill(algorithm, TrainConfig()).processor or "",
        source=algorithm.source,
    )
