"""What a run carries from update to update: parameters, optimiser and the place in the stream."""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from catalign._typing import PyTree
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import Keep, Schedule, TrainConfig
from catalign.training.sharing import OWN, SHARED, AnyLayout


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Best:
    """The parameters with the best score of a run so far.

    Attributes:
      step: The update after which they were scored; -1 before any was.
      score: Their micro-F1.
      params: The parameters; those of the start before any was scored.
    """

    step: Array
    score: Array
    params: PyTree


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """The whole state of a run: equal states go on equally.

    Attributes:
      step: The number of updates done, which is also the place in the data stream: update s draws
        its instances from the seed and s alone.
      params: The learned parameters, as one vector (see `Layout`), or as two where several tasks
        share one of them (see `SharedLayout`).
      opt_state: The optimiser's state.
      sums: Sums of the loss and its parts over the updates since the last row of metrics.
      updates: How many updates these are.
      diverged: Whether an update made a value NaN or infinite. It was not applied, and no later
        one is.
      best: The best parameters, where a run keeps them.
    """

    step: Array
    params: PyTree
    opt_state: PyTree
    sums: dict[str, Array]
    updates: Array
    diverged: Array
    best: Best | None = None

    def scored(self, score: float) -> "TrainState":
        """The state with its parameters as the best ones, if a score beats that of all before."""
        if self.best is None or score <= float(self.best.score):
            return self
        # Copies: the state is donated, and no buffer of it may be there twice.
        found = Best(
            step=jnp.array(self.step),
            score=jnp.asarray(score, self.best.score.dtype),
            params=jax.tree.map(jnp.array, self.params),
        )
        return dataclasses.replace(self, best=found)

    @property
    def kept(self) -> PyTree:
        """The parameters that the run would end with."""
        return self.params if self.best is None else self.best.params


def make_optimizer(config: TrainConfig, *, tasks: int = 0) -> optax.GradientTransformation:
    """Adam on gradients clipped by their global norm.

    Args:
      config: The settings.
      tasks: How many tasks share parameters; 0 where none are shared. Shared parameters are updated
        by every task, so that their moments count all updates, and those of one task its own alone;
        both see the same learning rates.

    Source: Kingma & Ba 2015, arXiv 1412.6980; the benchmark's recipe, Ibarz et al. 2022, arXiv
    2209.11142.
    """
    clip = optax.clip_by_global_norm(config.clip)
    if not tasks:
        return _promoting(optax.chain(clip, _adam(config, 1)))
    parts = {SHARED: _adam(config, tasks), OWN: _adam(config, 1)}

    def init(params: PyTree) -> PyTree:
        return {name: part.init(params[name]) for name, part in parts.items()}

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        clipped: PyTree = clip.update(updates, clip.init(updates))[0]
        done = {name: part.update(clipped[name], state[name]) for name, part in parts.items()}
        change, moved = ({name: pair[i] for name, pair in done.items()} for i in (0, 1))
        return change, moved

    return _promoting(optax.GradientTransformation(init, update))


def _adam(config: TrainConfig, tasks: int) -> optax.GradientTransformation:
    """Adam for parameters that are updated `tasks` times as often as each task's own."""
    warmup, rest = config.warmup_steps * tasks, (config.steps - config.warmup_steps) * tasks
    match config.schedule:
        case Schedule.CONSTANT:
            main = optax.constant_schedule(config.learning_rate)
        case Schedule.COSINE:
            main = optax.cosine_decay_schedule(config.learning_rate, rest)
    if warmup:
        rise = optax.linear_schedule(0.0, config.learning_rate, warmup)
        main = optax.join_schedules([rise, main], [warmup])
    return optax.adam(main)


def _promoting(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """The optimiser where Optax computes `decay ** count` with a float and an integer array."""

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        with jax.numpy_dtype_promotion("standard"):
            return optimizer.update(updates, state, params)

    return optax.GradientTransformation(optimizer.init, update)


def initial_state(
    layout: AnyLayout,
    params: PyTree,
    optimizer: optax.GradientTransformation,
    names: list[str],
    keep: Keep = Keep.LAST,
) -> TrainState:
    """The state before the first update.

    Args:
      layout: The layout of the parameters.
      params: The parameters that the reasoner was built with.
      optimizer: The optimiser.
      names: The names of the losses to sum (see `TrainState.sums`).
      keep: Whether the state holds the best parameters too.
    """

    def make(params: PyTree) -> TrainState:
        vector = layout.ravel(params)
        zero = jnp.zeros((), jax.dtypes.canonicalize_dtype(float))
        return TrainState(
            step=jnp.int32(0),
            params=vector,
            opt_state=optimizer.init(vector),
            sums=dict.fromkeys(names, zero),
            updates=jnp.int32(0),
            diverged=jnp.bool_(False),
            best=Best(jnp.int32(-1), zero - 1.0, vector) if keep is Keep.BEST else None,
        )

    # One compiled call: its results are fresh buffers, so that donating them never takes the
    # caller's parameters.
    return jax.jit(make)(params)


def split_reasoner(reasoner: nnx.Module) -> tuple[nnx.GraphDef, PyTree, PyTree]:
    """The definition of a reasoner, its parameters, and every other value that it holds."""
    graphdef, params, rest = nnx.split(reasoner, nnx.Param, ...)
    return graphdef, params, rest


_unravel = jax.jit(lambda layout, params: layout.unravel(params), static_argnums=0)


def merge_reasoner(
    graphdef: nnx.GraphDef, layout: AnyLayout, params: PyTree, rest: PyTree
) -> AbstractReasoner:
    """The reasoner with the parameters of a state; the inverse of `split_reasoner`."""
    return nnx.merge(graphdef, _unravel(layout, params), rest)
