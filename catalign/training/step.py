"""The jitted update: several in one dispatch, on data made inside it."""

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.sharding import Mesh, PartitionSpec

from catalign._errors import InputError
from catalign._typing import Device, KeyArray, PyTree, Scalar
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Stage
from catalign.distributions.size import Sizes
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import SizeOrder, TrainConfig
from catalign.training.invariance import law_losses, law_name
from catalign.training.loss import Losses, loss
from catalign.training.sharing import AnyLayout, shared_by
from catalign.training.state import TrainState, make_optimizer

DATA, VALIDATION, TEST, _LENGTHS, _SIZES = range(5)
"""The streams of instances of a run (see `stream_key`). Updates draw from `DATA` alone."""

SHARDS = "data"
"""The mesh axis over which devices share a batch."""

_LENGTH_SAMPLE, _FEW_STEPS = 512, 32
_LAWS = 2
"""Where the values that laws are tried on branch off the key of a batch, of which 0 and 1 are the
instances and the coins."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Summary:
    """What one dispatch reports.

    Attributes:
      step: The updates done after it; where it diverged, the update that made it do so.
      diverged: See `TrainState.diverged`.
      loss: The mean loss of its updates.
    """

    step: Array
    diverged: Array
    loss: Array


def make_mesh(batch_size: int, devices: Sequence[Device] | None = None) -> Mesh | None:
    """The devices that share each batch equally; None for one device alone.

    Args:
      batch_size: The instances of a batch.
      devices: The devices; all that belong to this process if left out.

    Raises:
      InputError: There is none, or the batch cannot be shared equally.
    """
    chosen = list(jax.local_devices() if devices is None else devices)
    if not chosen:
        raise InputError("`devices` is empty: give at least one, or leave it out.")
    if batch_size % len(chosen):
        near = max(batch_size // len(chosen), 1) * len(chosen)
        raise InputError(
            f"`batch_size` is {batch_size}, but {len(chosen)} devices share each batch equally: "
            f"give a multiple of {len(chosen)}, such as {near}, or fewer `devices`."
        )
    return Mesh(np.array(chosen), (SHARDS,)) if len(chosen) > 1 else None


def stream_key(config: TrainConfig, stream: int) -> KeyArray:
    """The key of one of a run's streams of chance."""
    return jax.random.fold_in(jax.random.key(config.seed), stream)


def size_at(step: int, config: TrainConfig) -> int:
    """The training size of an update: those of a dispatch share one, and dispatches take turns.

    Where sizes are drawn, that of a dispatch depends on the seed and its number alone.

    Example:
      >>> config = TrainConfig(sizes=(4, 7), updates_per_dispatch=10)
      >>> [size_at(s, config) for s in (0, 9, 10, 20)]
      [4, 4, 7, 4]
    """
    turn = step // config.updates_per_dispatch
    if config.size_order is SizeOrder.TURNS:
        return config.sizes[turn % len(config.sizes)]
    # On the host: a number from the device would wait for the dispatch that it is busy with.
    u = np.random.default_rng((config.seed, _SIZES, turn)).random()
    return Sizes(config.sizes, config.size_weights or None).quantile(u)


def choose_trace_steps(algorithm: Algorithm, config: TrainConfig) -> dict[int, int]:
    """How many steps of a run to train on, by size: as many as the longest of 512 runs has.

    The algorithm's own bound is often far larger than any run that is drawn: Bellman-Ford on 16
    nodes may take 17 steps and takes about 5. A later run that is longer is cut: its hints count
    up to the cut, its outputs do not (see `Trace.complete`). Runs of the largest size are drawn,
    and of each smaller one that may have more than 32 steps and whose bound is no shorter than what
    was found for the next larger: there, to draw takes less time than the steps that it saves. The
    choice depends on the settings alone.

    Returns:
      For each size a number from 2 to the algorithm's bound at that size, at most
      `config.trace_steps` if that is given.
    """
    chosen: dict[int, int] = {}
    longest, drawn = config.trace_steps, config.trace_steps is None
    for size in sorted(set(config.sizes), reverse=True):
        bound = max(algorithm.max_steps(algorithm.nodes(size)), 2)
        if longest is None or (drawn and bound >= longest > _FEW_STEPS):
            longest = max(2, _longest_run(algorithm, config, size))
        chosen[size] = min(bound, longest)
    return chosen


def _longest_run(algorithm: Algorithm, config: TrainConfig, size: int) -> int:
    draw = jax.jit(lambda key: algorithm.sample(key, _LENGTH_SAMPLE, size).lengths)
    return int(jnp.max(draw(stream_key(config, _LENGTHS))))


def batch_losses(
    reasoner: AbstractReasoner,
    algorithm: Algorithm,
    config: TrainConfig,
    key: KeyArray,
    size: int,
    steps: int,
) -> Losses:
    """Draws one batch and compares the reasoner's predictions with it."""
    data_key, forcing_key = jax.random.split(key)
    trace = algorithm.sample(data_key, config.batch_size, size, steps=steps)
    predictions = reasoner(
        trace.inputs,
        trace.hints,
        trace.lengths,
        steps=steps,
        teacher_forcing=config.teacher_forcing,
        key=forcing_key if 0.0 < config.teacher_forcing < 1.0 else None,
    )
    found = loss(algorithm.spec, predictions, trace, hint_weight=config.hint_weight)
    return _with_laws(found, reasoner, config, key, shards=1)


def shard_losses(
    reasoner: AbstractReasoner,
    algorithm: Algorithm,
    config: TrainConfig,
    key: KeyArray,
    size: int,
    steps: int,
) -> Losses:
    """This device's part of `batch_losses`, within a map over `SHARDS`.

    Law: the sum over the devices is `batch_losses`, up to rounding. Every device draws the inputs
    of the whole batch, which is quick, and solves and learns from its own part.
    """
    count = config.batch_size // jax.lax.axis_size(SHARDS)

    def own(x: Array, axis: int) -> Array:
        start = jax.lax.axis_index(SHARDS) * count
        return jax.lax.dynamic_slice_in_dim(x, start, count, axis)

    data_key, forcing_key = jax.random.split(key)
    inputs = algorithm.sample_inputs(data_key, config.batch_size, size)
    trace = algorithm.traces({name: own(x, 0) for name, x in inputs.items()}, steps=steps)
    chance = jnp.full((max(steps - 1, 1), config.batch_size), config.teacher_forcing)
    if 0.0 < config.teacher_forcing < 1.0:
        chance = jax.random.bernoulli(forcing_key, chance).astype(chance.dtype)
    predictions = reasoner(
        trace.inputs, trace.hints, trace.lengths, steps=steps, teacher_forcing=own(chance, 1)
    )
    found = loss(
        algorithm.spec, predictions, trace, hint_weight=config.hint_weight, shard_axis=SHARDS
    )
    return _with_laws(found, reasoner, config, key, shards=jax.lax.axis_size(SHARDS))


def _with_laws(
    found: Losses, reasoner: AbstractReasoner, config: TrainConfig, key: KeyArray, *, shards: int
) -> Losses:
    """Losses, and one device's share of those of the laws that the run teaches."""
    if not config.invariance:
        return found
    laws = law_losses(reasoner, config.invariance, jax.random.fold_in(key, _LAWS))
    laws = {name: value / shards for name, value in laws.items()}
    total = found.total + config.invariance_weight * sum(laws.values())
    return Losses(total, found.parts | laws)


def loss_names(reasoner: AbstractReasoner, algorithm: Algorithm, config: TrainConfig) -> list[str]:
    """The names of a run's losses: the total, those of outputs, of predicted hints, of laws."""
    parts = jax.eval_shape(
        lambda key: batch_losses(reasoner, algorithm, config, key, config.sizes[0], 2).parts,
        jax.random.key(0),
    )
    every = [
        f"{stage}/{p.name}" for stage in ("output", "hint") for p in algorithm.spec.at(Stage(stage))
    ]
    every += [law_name(law) for law in config.invariance]
    return ["loss", *(name for name in every if name in parts)]


STATIC = ("algorithm", "graphdef", "layout", "config", "size", "trace_steps", "mesh")
"""What `dispatch` is compiled for anew."""


def dispatch_updates(
    state: TrainState,
    updates: Array,
    reset: Array,
    rest: PyTree,
    key: KeyArray,
    *,
    algorithm: Algorithm,
    graphdef: nnx.GraphDef,
    layout: AnyLayout,
    config: TrainConfig,
    size: int,
    trace_steps: int,
    mesh: Mesh | None = None,
) -> tuple[TrainState, Summary]:
    """Does several updates at one size.

    An update that makes any value NaN or infinite is not applied, and neither is any later one:
    the state keeps the last good parameters.

    Args:
      state: The state before. Donated.
      updates: How many updates to do. Known only when it runs, so that one compilation serves any
        remainder.
      reset: Whether to start new sums of the losses.
      rest: The values of the reasoner that are no parameters.
      key: Where the instances come from, with the number of the update.
      algorithm: Draws and solves the instances.
      graphdef: The definition of the reasoner.
      layout: The layout of its parameters.
      config: The settings that matter here (see `traced_config`).
      size: The size of the instances.
      trace_steps: The length of the traces.
      mesh: The devices that share each batch; None for one alone.

    Returns:
      The state after, and what to tell of it.
    """
    optimizer = make_optimizer(config, tasks=shared_by(layout))
    losses = functools.partial(
        _losses_and_gradient,
        rest,
        key,
        algorithm,
        graphdef,
        layout,
        config,
        size,
        trace_steps,
        mesh,
    )

    def update(state: TrainState) -> tuple[TrainState, Scalar]:
        found, gradient = losses(state.params, state.step)
        vector = layout.ravel(gradient)
        change: PyTree
        change, opt_state = optimizer.update(vector, state.opt_state, state.params)
        params = jax.tree.map(jnp.add, state.params, change)
        finite = jnp.isfinite(found.total) & _is_finite(vector) & _is_finite(params)
        new = dataclasses.replace(
            state,
            step=state.step + 1,
            params=params,
            opt_state=opt_state,
            sums=jax.tree.map(jnp.add, state.sums, {"loss": found.total, **found.parts}),
            updates=state.updates + 1,
        )
        stopped = dataclasses.replace(state, diverged=state.diverged | ~finite)
        fine = finite & ~state.diverged
        return (
            jax.tree.map(lambda a, b: jnp.where(fine, a, b), new, stopped),
            jnp.where(fine, found.total, 0.0),
        )

    def body(_: Array, carry: tuple[TrainState, Scalar]) -> tuple[TrainState, Scalar]:
        state, value = update(carry[0])
        return state, carry[1] + value

    state = dataclasses.replace(
        state,
        sums=jax.tree.map(lambda x: jnp.where(reset, jnp.zeros_like(x), x), state.sums),
        updates=jnp.where(reset, 0, state.updates),
    )
    first = state.step
    state, lost = jax.lax.fori_loop(0, updates, body, (state, jnp.zeros_like(state.sums["loss"])))

    done = jnp.maximum(state.step - first, 1).astype(lost.dtype)
    return state, Summary(step=state.step, diverged=state.diverged, loss=lost / done)


dispatch = jax.jit(dispatch_updates, static_argnames=STATIC, donate_argnames="state")
"""`dispatch_updates`, compiled once for each size; runs of several seeds share the compilation."""


def mean_losses(state: TrainState) -> dict[str, float]:
    """The means of the loss and its parts since the last row of metrics."""
    sums, updates = jax.device_get((state.sums, state.updates))
    return {name: float(value / max(int(updates), 1)) for name, value in sums.items()}


def traced_config(config: TrainConfig) -> TrainConfig:
    """The settings that an update depends on, with every other one at its default."""
    names = (
        "steps",
        "batch_size",
        "hint_weight",
        "invariance",
        "invariance_weight",
        "teacher_forcing",
        "learning_rate",
        "schedule",
        "warmup_steps",
        "clip",
    )
    return TrainConfig(**{name: getattr(config, name) for name in names})


@functools.partial(jax.jit, static_argnames=STATIC)
def _broken_leaves(
    state: TrainState,
    rest: PyTree,
    key: KeyArray,
    *,
    algorithm: Algorithm,
    graphdef: nnx.GraphDef,
    layout: AnyLayout,
    config: TrainConfig,
    size: int,
    trace_steps: int,
    mesh: Mesh | None = None,
) -> list[Array]:
    setting = (algorithm, graphdef, layout, config, size, trace_steps, mesh)
    found, gradient = _losses_and_gradient(rest, key, *setting, state.params, state.step)
    leaves = [*found.parts.values(), found.total, *layout.structure.flatten_up_to(gradient)]
    return [~_is_finite(leaf) for leaf in leaves]


def name_of_broken(state: TrainState, rest: PyTree, key: KeyArray, **static: Any) -> str:
    """Does the update again that a diverged state stopped at, and names its first broken value.

    Args:
      state: A state that diverged.
      rest: As for `dispatch`.
      key: As for `dispatch`.
      **static: As for `dispatch`.

    Returns:
      `loss NAME`, `gradient NAME`, or `parameters` if only the update itself overflowed.
    """
    broken = jax.device_get(_broken_leaves(state, rest, key, **static))
    parts = [f"loss {name}" for name in sorted(set(state.sums) - {"loss"})]
    names = [*parts, "loss", *(f"gradient {name}" for name in static["layout"].names)]
    return next((name for name, flag in zip(names, broken, strict=True) if flag), "parameters")


def _losses_and_gradient(
    rest: PyTree,
    key: KeyArray,
    algorithm: Algorithm,
    graphdef: nnx.GraphDef,
    layout: AnyLayout,
    config: TrainConfig,
    size: int,
    trace_steps: int,
    mesh: Mesh | None,
    kept: PyTree,
    step: Array,
) -> tuple[Losses, PyTree]:
    """The losses of one update's batch, and the gradient of the total."""
    measure = batch_losses if mesh is None else shard_losses

    def found(params: PyTree, rest: PyTree, key: KeyArray) -> tuple[Losses, PyTree]:
        def total(params: PyTree) -> tuple[Scalar, Losses]:
            reasoner = nnx.merge(graphdef, params, rest)
            losses = measure(reasoner, algorithm, config, key, size, trace_steps)
            return losses.total, losses

        (_, losses), gradient = jax.value_and_grad(total, has_aux=True)(params)
        # What each device found is its part of a sum.
        return (losses, gradient) if mesh is None else jax.lax.psum((losses, gradient), SHARDS)

    if mesh is not None:
        everywhere = PartitionSpec()
        found = jax.shard_map(
            found,
            mesh=mesh,
            in_specs=(everywhere,) * 3,
            out_specs=(everywhere,) * 2,
            check_vma=False,
        )
    # By leaf, not by vector: the transpose of cutting up a vector adds up as many vectors.
    return found(layout.unravel(kept), rest, jax.random.fold_in(key, step))


def _is_finite(values: PyTree) -> Array:
    every = [jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(values)]
    return functools.reduce(jnp.logical_and, every, jnp.bool_(True))
