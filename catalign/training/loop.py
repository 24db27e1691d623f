"""Training, from the settings to a report, and reading a trained reasoner back."""

from os import PathLike

import jax
from flax import nnx

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.checkpoint import CheckpointStore
from catalign.training.config import TrainConfig
from catalign.training.default import Build, build_from_config, fill
from catalign.training.directory import (
    CHECKPOINTS,
    check_run,
    open_run,
    read_run,
)
from catalign.training.discrete.run import EXACT, read_exact, train_exact
from catalign.training.interrupt import InterruptFlag
from catalign.training.layout import Layout
from catalign.training.recipe import training_law
from catalign.training.run import OnEvent, Run
from catalign.training.run import TrainReport as TrainReport
from catalign.training.state import (
    initial_state,
    make_optimizer,
    merge_reasoner,
    split_reasoner,
)
from catalign.training.step import (
    loss_names,
)


def train(
    algorithm: Algorithm,
    config: TrainConfig,
    *,
    run_dir: str | PathLike[str] | None = None,
    build: Build = build_from_config,
    on_event: OnEvent | None = None,
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

    Returns:
      The trained reasoner with its scores.

    Raises:
      InputError: A setting does not fit the algorithm, or `run_dir` holds another run.
      SortError: The processor's diagram cannot express the algorithm's spec.
      CheckpointError: The run's newest checkpoint is damaged.
      DivergedError: A value became NaN or infinite.
      InterruptedRun: A signal stopped the run, which is saved. Only with `run_dir`.
      NotLearnedError: The exact processor found no program.
    """
    for name in ("sizes", "eval_sizes"):
        low = [size for size in getattr(config, name) if size < algorithm.min_size]
        if low:
            raise InputError(
                f"`{name}` holds {low[0]}, but {algorithm.name} needs at least "
                f"{algorithm.min_size} nodes."
            )
    config = fill(algorithm, config) if build is build_from_config else config
    if run_dir is not None:
        check_run(run_dir, algorithm.name, config)
    if training_law(algorithm, config) is not algorithm and config.processor == EXACT:
        raise InputError(
            "the exact processor learns from the algorithm's own law: leave out "
            "`edge_probabilities`, `max_needle` and `random_pos`."
        )
    if config.processor == EXACT:
        return train_exact(algorithm, config, run_dir, on_event)
    reasoner = build(algorithm, config, nnx.Rngs(config.seed))
    if run_dir is None:
        return Run(algorithm, config, reasoner, None, None, None, on_event).complete()
    folder = open_run(run_dir, algorithm.name, config)
    store = CheckpointStore(folder / CHECKPOINTS)
    try:
        with InterruptFlag() as flag:
            return Run(algorithm, config, reasoner, folder, store, flag, on_event).complete()
    finally:
        store.close()


def load_reasoner(
    run_dir: str | PathLike[str], algorithm: Algorithm, *, build: Build = build_from_config
) -> AbstractReasoner:
    """The reasoner of a run: of its newest checkpoint, rounded if the finished run kept it so.

    Args:
      run_dir: The run's folder.
      algorithm: The algorithm that it was trained on.
      build: As in `train`.

    Raises:
      InputError: The folder is no run, or the run of another algorithm.
      CheckpointError: There is no checkpoint yet, or it is damaged.
    """
    info = read_run(run_dir)
    if info.task != algorithm.name:
        raise InputError(
            f"`run_dir` {str(run_dir)!r} is a run of {info.task}, "
            f"but `algorithm` is {algorithm.name}."
        )
    if info.config.processor == EXACT:
        return read_exact(info.path)
    reasoner = build(algorithm, info.config, nnx.Rngs(info.config.seed))
    graphdef, params, rest = split_reasoner(reasoner)
    names = loss_names(reasoner, algorithm, info.config)
    layout, optimizer = Layout.of(params), make_optimizer(info.config)
    keep = info.config.keep
    template = jax.eval_shape(lambda p: initial_state(layout, p, optimizer, names, keep), params)
    store = CheckpointStore(info.path / CHECKPOINTS, read_only=True)
    try:
        state = store.restore(template)
    finally:
        store.close()
    trained = merge_reasoner(graphdef, layout, state.kept, rest)
    return (
        trained.harden() if info.result is not None and info.result["hardening_kept"] else trained
    )
