"""What a run carries from update to update: parameters, optimiser and the place in the stream."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from catalign._typing import PyTree
from catalign.training.config import Schedule, TrainConfig

GOOD = -1
"""The value of `TrainState.bad` while every update was finite."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """The whole state of a run: equal states go on equally.

    Attributes:
      step: The number of updates done, which is also the place in the data stream: update s draws
        its instances from the seed and s alone.
      params: The learned parameters.
      opt_state: The optimiser's state.
      sums: Sums of the loss and its parts over the updates since the last row of metrics.
      updates: How many updates these are.
      bad: Which value stopped the run by not being finite (see `leaf_names`), or `GOOD`.
    """

    step: Array
    params: PyTree
    opt_state: PyTree
    sums: dict[str, Array]
    updates: Array
    bad: Array


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
    params: PyTree, optimizer: optax.GradientTransformation, part_names: list[str]
) -> TrainState:
    """The state before the first update.

    Args:
      params: The parameters that the reasoner was built with.
      optimizer: The optimiser.
      part_names: The names of the losses to sum (see `TrainState.sums`).
    """

    def make(params: PyTree) -> TrainState:
        zero = jnp.zeros((), jax.dtypes.canonicalize_dtype(float))
        return TrainState(
            step=jnp.int32(0),
            params=params,
            opt_state=optimizer.init(params),
            sums=dict.fromkeys(part_names, zero),
            updates=jnp.int32(0),
            bad=jnp.int32(GOOD),
        )

    # One compiled call: its results are fresh buffers, so that donating them never takes the
    # caller's parameters.
    return jax.jit(make)(params)


def count_parameters(params: PyTree) -> int:
    """The number of learned numbers."""
    return sum(int(leaf.size) for leaf in jax.tree.leaves(params))


def leaf_names(params: PyTree) -> list[str]:
    """The name of each leaf of the parameters, in the order of `jax.tree.leaves`.

    Example:
      >>> leaf_names({"linear": {"bias": jnp.zeros(1), "kernel": jnp.zeros(1)}})
      ['linear.bias', 'linear.kernel']
    """
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(params)[0]]
    return [
        jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
        for path in paths
    ]


def split_reasoner(reasoner: nnx.Module) -> tuple[nnx.GraphDef, PyTree, PyTree]:
    """The definition of a reasoner, its parameters, and every other value that it holds."""
    graphdef, params, rest = nnx.split(reasoner, nnx.Param, ...)
    return graphdef, params, rest
