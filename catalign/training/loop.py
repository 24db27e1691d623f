"""Training, from the settings to a report, and reading a trained reasoner back."""

import functools
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TypeVar

import jax
from flax import nnx
from jax.sharding import Mesh

from catalign._errors import InputError
from catalign._typing import Device
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.checkpoint import CheckpointStore
from catalign.training.config import TrainConfig
from catalign.training.default import Build, build_from_config, fill
from catalign.training.directory import ALIKE, CHECKPOINTS, check_run, open_run, read_run
from catalign.training.exact import EXACT, read_exact, train_exact
from catalign.training.generalist import (
    GeneralistReport,
    check_kept,
    check_tasks,
    complete_generalist,
    fill_generalist,
    make_tasks,
    own_settings,
)
from catalign.training.interrupt import InterruptFlag
from catalign.training.run import OnEvent, Run
from catalign.training.single import TrainReport, complete
from catalign.training.step import make_mesh
from catalign.training.task import RunState, Task

Report = TypeVar("Report")


def train(
    algorithm: Algorithm,
    config: TrainConfig,
    *,
    run_dir: str | PathLike[str] | None = None,
    build: Build = build_from_config,
    on_event: OnEvent | None = None,
    devices: Sequence[Device] | None = None,
) -> TrainReport:
    """Trains a reasoner on an algorithm's own runs, then scores it.

    With a folder, a run that was stopped, by a signal or by `kill -9`, goes on from its newest
    checkpoint when it is called again with the same arguments, and ends with the same numbers as
    if it had not been stopped.

    Args:
      algorithm: Any algorithm, of catalign or of the user. For other instances than its sampler
        draws, give `dataclasses.replace(algorithm, sampler=...)`.
      config: The settings.
      run_dir: The run's folder; nothing is written if left out.
      build: Makes the untrained reasoner, `build(algorithm, config, rngs)`; by default from the
        processor's name.
      on_event: Called with what happens (see `catalign.training.event`).
      devices: The devices that share each batch equally; all that belong to this process if left
        out. How many there are changes nothing but rounding.

    Returns:
      The trained reasoner with its scores.

    Raises:
      InputError: A setting does not fit the algorithm, the devices cannot share a batch equally, or
        `run_dir` holds another run.
      SortError: The processor's diagram cannot express the algorithm's spec.
      CheckpointError: The run's newest checkpoint is damaged.
      DivergedError: A value became NaN or infinite.
      InterruptedRun: A signal stopped the run, which is saved. Only with `run_dir`.
      NotLearnedError: The exact processor found no program.
    """
    _check_sizes(algorithm, config)
    mesh = make_mesh(config.batch_size, devices)
    config = fill(algorithm, config) if build is build_from_config else config
    if run_dir is not None:
        check_run(run_dir, algorithm.name, config)
    if config.processor == EXACT:
        if config.edge_probabilities or config.max_needle is not None:
            raise InputError(
                "the exact processor spreads densities and the lengths of needles by itself: leave "
                "out `edge_probabilities` and `max_needle`."
            )
        return train_exact(algorithm, config, run_dir, on_event)
    reasoner = build(algorithm, config, nnx.Rngs(config.seed))
    tasks = (Task.of(algorithm, config, reasoner),)
    return _completed(complete, tasks, algorithm.name, config, mesh, run_dir, on_event)


def train_generalist(
    algorithms: Sequence[Algorithm],
    config: TrainConfig,
    *,
    laws: Mapping[str, TrainConfig] = ALIKE,
    run_dir: str | PathLike[str] | None = None,
    build: Build = build_from_config,
    on_event: OnEvent | None = None,
    devices: Sequence[Device] | None = None,
) -> GeneralistReport:
    """Trains one processor on several algorithms, each with encoders and decoders of its own.

    Every task gets `config.steps` updates. The dispatches of the tasks take turns, and those of one
    round share a size where the tasks have the same ones. An update on a task moves the processor
    and this task's encoders and decoders; those of other tasks, and what the optimiser remembers of
    them, stay as they are. The instances of a task are those that training it alone would draw.

    Args:
      algorithms: The tasks, at least one; the processor starts as the first one's would alone.
      config: The settings. Without a processor, it is message passing. `edge_probabilities` and
        `max_needle` hold for the tasks whose sampler has them.
      laws: By name, the settings that a task's training instances are drawn by (those in
        `catalign.training.config.LAW`, no other is read); those of `config` where it has none.
        `{name: ibarz2022(name) for name in names}` gives each its published ones.
      run_dir: As in `train`.
      build: As in `train`; called for each task.
      on_event: As in `train`.
      devices: As in `train`.

    Returns:
      The trained reasoner of each task with its scores.

    Raises:
      InputError: A setting does not fit an algorithm, or no algorithm's sampler has it, two
        algorithms have one name, there is no processor that all could share, or `run_dir` holds
        another run.
      SortError: The processor's diagram cannot express the spec of one of them.
      CheckpointError: The run's newest checkpoint is damaged.
      DivergedError: A value became NaN or infinite.
      InterruptedRun: A signal stopped the run, which is saved. Only with `run_dir`.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> config = TrainConfig(
      ...     steps=2, batch_size=2, sizes=(4,), width=4, eval_sizes=(4,), eval_instances=2
      ... )
      >>> report = train_generalist([get("bfs"), get("minimum")], config)
      >>> sorted(report.tables)
      ['bfs', 'minimum']

    Source: Ibarz et al. 2022, arXiv 2209.11142.
    """
    name = check_tasks(algorithms)
    check_kept(config)
    config = fill_generalist(config) if build is build_from_config else config
    settings = own_settings(algorithms, config, laws)
    for algorithm in algorithms:
        _check_sizes(algorithm, settings[algorithm.name])
    mesh = make_mesh(config.batch_size, devices)
    own = {task: each for task, each in settings.items() if each != config}
    if run_dir is not None:
        check_run(run_dir, name, config, own)
    tasks = make_tasks(algorithms, settings, build)
    return _completed(complete_generalist, tasks, name, config, mesh, run_dir, on_event, own)


def _completed(
    finish: Callable[[Run], Report],
    tasks: tuple[Task, ...],
    name: str,
    config: TrainConfig,
    mesh: Mesh | None,
    run_dir: str | PathLike[str] | None,
    on_event: OnEvent | None,
    own: Mapping[str, TrainConfig] = ALIKE,
) -> Report:
    if run_dir is None:
        return finish(Run(tasks, config, mesh, None, None, None, on_event))
    folder = open_run(run_dir, name, config, own)
    store = CheckpointStore(folder / CHECKPOINTS)
    try:
        with InterruptFlag() as flag:
            return finish(Run(tasks, config, mesh, folder, store, flag, on_event))
    finally:
        store.close()


def _check_sizes(algorithm: Algorithm, config: TrainConfig) -> None:
    for name in ("sizes", "eval_sizes"):
        low = [size for size in getattr(config, name) if size < algorithm.min_size]
        if low:
            raise InputError(
                f"`{name}` holds {low[0]}, but {algorithm.name} needs at least "
                f"{algorithm.min_size} nodes."
            )
    # A sampler may have a largest size: it says so when it is traced, before any work.
    largest = max((*config.sizes, *config.eval_sizes))
    draw = functools.partial(algorithm.sample_inputs, batch_size=1, size=largest)
    jax.eval_shape(draw, jax.random.key(0))


def load_reasoner(
    run_dir: str | PathLike[str], algorithm: Algorithm, *, build: Build = build_from_config
) -> AbstractReasoner:
    """The reasoner of a run: of its newest checkpoint, rounded if the finished run kept it so.

    Args:
      run_dir: The run's folder.
      algorithm: The algorithm that it was trained on; one of them, where there are several.
      build: As in `train`.

    Raises:
      InputError: The folder is no run, or the run of another algorithm.
      CheckpointError: There is no checkpoint yet, or it is damaged.
    """
    info = read_run(run_dir)
    if algorithm.name not in info.tasks:
        raise InputError(
            f"`run_dir` {str(run_dir)!r} is a run of {', '.join(info.tasks)}, "
            f"but `algorithm` is {algorithm.name}."
        )
    if info.config.processor == EXACT:
        return read_exact(info.path)
    config = info.settings(algorithm.name)
    reasoner = build(algorithm, config, nnx.Rngs(config.seed))
    sharing = len(info.tasks) if "," in info.task else 0
    task = Task.of(algorithm, config, reasoner, sharing=sharing)
    store = CheckpointStore(info.path / CHECKPOINTS, read_only=True)
    try:
        state = store.restore(jax.eval_shape(lambda: RunState.start([task])), partial=bool(sharing))
    finally:
        store.close()
    trained = task.merge(state.take(task.name).kept)
    return (
        trained.harden() if info.result is not None and info.result["hardening_kept"] else trained
    )
