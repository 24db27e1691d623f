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
from catalign.training.layout import Layout


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
    params: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """The whole state of a run: equal states go on equally.

    Attributes:
      step: The number of updates done, which is also the place in the data stream: update s draws
        its instances from the seed and s alone.
      params: The learned parameters, as one vector (see `Layout`).
      opt_state: The optimiser's state.
      sums: Sums of the loss and its parts over the updates since the last row of metrics.
      updates: How many updates these are.
      diverged: Whether an update made a value NaN or infinite. It was not applied, and no later
        one is.
      best: The best parameters, where a run keeps them.
    """

    step: Array
    params: Array
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
            params=jnp.array(self.params),
        )
        return dataclasses.replace(self, best=found)

    @property
    def kept(self) -> Array:
        """The parameters that the run would end with."""
        return self.params if self.best is None else self.best.params


def make_optimizer(config: TrainConfig) -> optax.GradientTransformation:
    """Adam on gradients clipped by their global norm.

    Source: Kingma & Ba 2015, arXiv 1412.6980; the benchmark's recipe, Ibarz et al. 2022, arXiv
    2209.11142.
    """
    rest = config.steps - config.warmup_steps
    match config.schedule:
        case Schedule.CONSTANT:
            main = optax.constant_schedule(config.learning_rate)
        case Schedule.COSINE:
            main = optax.cosine_decay_schedule(config.learning_rate, rest)
    if config.warmup_steps:
        rise = optax.linear_schedule(0.0, config.learning_rate, config.warmup_steps)
        main = optax.join_schedules([rise, main], [config.warmup_steps])
    optimizer = optax.chain(optax.clip_by_global_norm(config.clip), optax.adam(main))

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        # Optax computes `decay ** count` with a Python float and an integer array.
        with jax.numpy_dtype_promotion("standard"):
            return optimizer.update(updates, state, params)

    return optax.GradientTransformation(optimizer.init, update)


def initial_state(
    layout: Layout,
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


_unravel = jax.jit(Layout.unravel, static_argnums=0)


def merge_reasoner(
    graphdef: nnx.GraphDef, layout: Layout, vector: Array, rest: PyTree
) -> AbstractReasoner:
    """The reasoner with the parameters of a state; the inverse of `split_reasoner`."""
    return nnx.merge(graphdef, _unravel(layout, vector), rest)
