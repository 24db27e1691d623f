"""Loads algorithms, processors and trained reasoners, the user's own included. Imports JAX."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax

from catalign._errors import InputError
from catalign.algorithms import catalogue
from catalign.algorithms.algorithm import Algorithm
from catalign.data import golden
from catalign.nn.build import build_reasoner
from catalign.nn.configured import Configured
from catalign.nn.pretrained import pretrained_names
from catalign.nn.processor import AbstractProcessor
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import TrainConfig
from catalign.training.default import Build, build_from_config
from catalign.training.default import fill as fill
from catalign.training.discrete.family import sampler
from catalign.training.evaluation import Evaluation, Protocol, evaluate, evaluate_trace
from catalign.training.exact import saved_certificate as saved_certificate
from catalign.training.generalist import fill_generalist as fill_generalist
from catalign.training.loop import load_reasoner
from tasks import origin, user_code
from tasks import protocol as clrs30

_STREAM = 0x7A5C
"""Folded into the key of evaluations by hand, so that they see other instances than runs do."""


def algorithm_of(task: str) -> Algorithm:
    """The algorithm that `--task` names.

    Raises:
      InputError: There is none, or the user's file does not define one.
    """
    if not user_code.is_reference(task):
        return catalogue.get(task)
    found = user_code.load("--task", task)
    if not isinstance(found, Algorithm):
        raise InputError(
            f"--task is {task!r}, which is a {type(found).__name__}. "
            "It must be a value of catalign.algorithms.Algorithm."
        )
    return found


def build_of(processor: str | None) -> Build:
    """How the untrained reasoner is made for what `--processor` names.

    Raises:
      InputError: The user's file does not define a processor, or one without a diagram.
    """
    if processor is None or not user_code.is_reference(processor):
        return build_from_config
    found = user_code.load("--processor", processor)
    if not (isinstance(found, type) and issubclass(found, AbstractProcessor)):
        raise InputError(
            f"--processor is {processor!r}, which is no processor. "
            "It must be a class derived from catalign.nn.AbstractProcessor."
        )
    own = Configured(found)

    def build(algorithm: Algorithm, config: TrainConfig, rngs: Any) -> AbstractReasoner:
        return build_reasoner(algorithm, own, width=config.width, options=config.options, rngs=rngs)

    return build


def load(run: Path, task: str) -> tuple[Algorithm, AbstractReasoner]:
    """The algorithm and the trained reasoner of a run.

    Args:
      run: The run's folder.
      task: Which of its tasks, as `tasks.origin.Origin` names it.

    Raises:
      InputError: The folder is no run, or its checkpoint is missing or damaged.
    """
    found = origin.read(run)
    algorithm = algorithm_of(task)
    return algorithm, load_reasoner(run, algorithm, build=build_of(found.config.processor))


def evaluate_fresh(
    reasoner: AbstractReasoner,
    algorithm: Algorithm,
    sizes: Sequence[int],
    *,
    seed: int,
    instances: int,
    protocol: str,
    on_row: Callable[[Evaluation], None] | None = None,
) -> tuple[Evaluation, ...]:
    """The scores of a reasoner on fresh instances, one row a size.

    Args:
      reasoner: The trained reasoner.
      algorithm: Draws the instances and solves them.
      sizes: The sizes to score at.
      seed: Where the instances come from. No seed gives instances that training draws.
      instances: Instances for each size.
      protocol: The value of a `Protocol`.
      on_row: Called with each row as soon as it is known.
    """
    key = jax.random.fold_in(jax.random.key(seed), _STREAM)
    kind = Protocol(protocol)
    table = evaluate(
        reasoner, algorithm, sizes, key=key, instances=instances, protocol=kind, on_row=on_row
    )
    return table.rows


def evaluate_clrs30(
    reasoner: AbstractReasoner,
    algorithm: Algorithm,
    size: int,
    *,
    seed: int,
    instances: int | None = None,
) -> Evaluation:
    """The scores of a reasoner on one draw of the benchmark's test.

    Args:
      reasoner: The trained reasoner.
      algorithm: Draws the instances and solves them.
      size: The size as the benchmark counts it (see `tasks.protocol.nodes`).
      seed: As in `evaluate_fresh`.
      instances: The number of instances; the benchmark's if left out.
    """
    rows = evaluate_fresh(
        reasoner,
        algorithm,
        (clrs30.nodes(algorithm.name, size),),
        seed=seed,
        instances=instances or clrs30.instances(algorithm.name),
        protocol=Protocol.GIVEN_LENGTHS.value,
    )
    return rows[0]


def evaluate_file(
    reasoner: AbstractReasoner, algorithm: Algorithm, path: Path, *, protocol: str
) -> tuple[Evaluation, ...]:
    """The scores of a reasoner on the traces of a golden file.

    Raises:
      InputError: The file is damaged, or holds traces of another spec.
    """
    trace = golden.load(path, algorithm.spec)
    return (evaluate_trace(reasoner, trace, protocol=Protocol(protocol)),)


def shipped() -> tuple[str, ...]:
    """The algorithms whose program is shipped."""
    return pretrained_names()


def forget_compiled() -> None:
    """Drops what was compiled for one algorithm: it serves no other, and memory is limited."""
    jax.clear_caches()
    sampler.cache_clear()
