"""An algorithm as a traced state machine: a spec, a first state, a step, an end and a sampler."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Int

from catalign._errors import InputError
from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.check import (
    HostProbes,
    check_inputs,
    check_laws,
    check_shown,
    check_size,
    instance_size,
    is_concrete,
    stored,
)
from catalign.algorithms.spec import Spec, Stage
from catalign.algorithms.trace import Trace
from catalign.distributions.reuse import AbstractReuseLaw, Fresh
from catalign.distributions.size import AbstractSizeLaw

State = Any
_FRESH = Fresh()


@dataclass(frozen=True, kw_only=True, eq=False)
class Algorithm:
    """A classical algorithm that shows its work.

    The run is `s_0 = init(inputs)`, `s_{t+1} = step(inputs, s_t)`, up to the first `t` with
    `done(inputs, s_t)`; the trace shows `hints(inputs, s_t)` for each of these states and
    `outputs(inputs, s)` for the last. All six functions take one instance, are pure JAX, and depend
    on the size only through shapes: batches are made by `vmap` here.

    Attributes:
      name: Its name, as in the benchmark where it has one.
      spec: The probes.
      sampler: `sampler(key, size, **laws)` draws the inputs of one instance; laws are typed values
        with defaults.
      init: `init(inputs)` gives the first state, any pytree.
      step: `step(inputs, state)` gives the next state.
      done: `done(inputs, state)` says that the state is the last one.
      hints: `hints(inputs, state)` gives the hint probes that a state shows.
      outputs: `outputs(inputs, state)` gives the output probes of the last state.
      max_steps: `max_steps(n)` bounds the number of hints of a run of n nodes (see `nodes`).
      source: Where the algorithm is described, with the chapter.
      validate: `validate(inputs)` raises `InputError` on an instance outside the algorithm's
        domain. It sees concrete NumPy arrays with a batch axis, after shapes, dtypes and pointer
        ranges were checked from the spec.
      min_size: The smallest `n` that the algorithm is defined for.

    Example: see `examples/` for an algorithm of one's own in one file.
    """

    name: str
    spec: Spec
    sampler: Callable[..., Probes]
    init: Callable[[Probes], State]
    step: Callable[[Probes, State], State]
    done: Callable[[Probes, State], Flag]
    hints: Callable[[Probes, State], Probes]
    outputs: Callable[[Probes, State], Probes]
    max_steps: Callable[[int], int]
    source: str
    validate: Callable[[HostProbes], None] | None = None
    min_size: int = 1

    def size(self, inputs: Probes) -> int:
        """The number of nodes of an instance, or of each instance of a batch."""
        return instance_size(self.spec, inputs)

    def nodes(self, size: int) -> int:
        """The number of nodes of the instances that are drawn at a size.

        Most have as many as the size says. A search tree of n keys has n + 1 gaps, a node each.

        Example:
          >>> from catalign.algorithms.catalogue import get
          >>> get("bfs").nodes(4), get("optimal_bst").nodes(4)
          (4, 5)
        """
        drawn = jax.eval_shape(lambda key: self.sample_inputs(key, 1, size), jax.random.key(0))
        return next(drawn[p.name].shape[1] for p in self.spec.inputs if p.rank)

    def trace(self, inputs: Probes, *, steps: int | None = None) -> Trace:
        """Runs one instance and records it.

        Args:
          inputs: Values by probe name, without a batch axis.
          steps: The length of the time axis; `max_steps(n)` if left out. A longer run is cut.

        Returns:
          The trace, without a batch axis. Jittable and vmappable.

        Raises:
          InputError: The inputs do not fit the spec, or lie outside the algorithm's domain (outside
            of jit).
        """
        batched = jax.tree.map(lambda x: jnp.asarray(x)[None], dict(inputs))
        return _first(self.traces(batched, steps=steps))

    def traces(self, inputs: Probes, *, steps: int | None = None) -> Trace:
        """Runs a batch of instances of one size in one loop, which ends with the longest run.

        Args:
          inputs: Values by probe name, `[B, ...]`.
          steps: As in `trace`.

        Raises:
          InputError: As in `trace`.
        """
        return _traces(self, *self._checked(inputs, steps))

    def check(self, inputs: Probes) -> None:
        """Raises unless a batch of inputs is in the domain; runs nothing.

        Args:
          inputs: Values by probe name, `[B, ...]`. Under jit their values are not looked at.

        Raises:
          InputError: As in `trace`.
        """
        check_inputs(self.name, self.spec, inputs, min_size=self.min_size)
        if self.validate is not None and is_concrete(inputs):
            self.validate({name: np.asarray(value) for name, value in inputs.items()})

    def _checked(self, inputs: Probes, steps: int | None) -> tuple[dict[str, Array], int]:
        self.check(inputs)
        length = self.max_steps(self.size(inputs)) if steps is None else steps
        if length < 1:
            raise InputError(f"`steps` is {length}: a trace has at least one step.")
        return {p.name: stored(p, inputs[p.name]) for p in self.spec.inputs}, length

    def count_steps(self, inputs: Probes, *, steps: int | None = None) -> Int[Array, " b"]:
        """The length of each run of a batch, found without recording it: what to give as `steps`.

        `max_steps` bounds every run on n nodes; typical runs of some algorithms are far shorter.

        Args:
          inputs: Values by probe name, `[B, ...]`.
          steps: As in `trace`.

        Raises:
          InputError: As in `trace`.

        Example:
          >>> from catalign.algorithms.catalogue import get
          >>> bridges = get("bridges")
          >>> inputs = bridges.sample_inputs(jax.random.key(0), batch_size=2, size=4)
          >>> int(bridges.count_steps(inputs).max()) < bridges.max_steps(4)
          True
        """
        return _count_steps(self, *self._checked(inputs, steps))

    def sample_inputs(
        self,
        key: KeyArray,
        batch_size: int,
        size: int | AbstractSizeLaw,
        *,
        reuse: AbstractReuseLaw = _FRESH,
        **laws: Any,
    ) -> Probes:
        """Draws a batch of inputs, `[B, ...]`. Pure in `key`; jittable with static sizes.

        Args:
          key: The only source of chance.
          batch_size: The number of instances.
          size: The number of nodes of each, or a law that one number is drawn from for the batch,
            outside of jit.
          reuse: Which instances a batch holds; new ones if left out.
          **laws: Distributions for the sampler, by name; hashable, as frozen dataclasses are.

        Raises:
          InputError: `batch_size` or `size` is too small, `size` is a law inside of jit, or there
            is no law of that name or family.
        """
        if isinstance(size, AbstractSizeLaw):
            key, draw = jax.random.split(key)
            size = size.sample(draw)
        check_size(self.name, size, min_size=self.min_size)
        check_laws(self.name, self.sampler, laws)
        if batch_size < 1:
            raise InputError(f"`batch_size` is {batch_size}: draw at least one instance.")
        ordered = tuple(sorted(laws.items()))
        return _sample_inputs(self, key, batch_size, size, reuse, ordered)

    def sample(
        self,
        key: KeyArray,
        batch_size: int,
        size: int | AbstractSizeLaw,
        *,
        steps: int | None = None,
        **laws: Any,
    ) -> Trace:
        """Draws a batch of instances and records their runs.

        Args:
          key: The only source of chance: equal keys give equal traces.
          batch_size: The number of instances.
          size: As in `sample_inputs`.
          steps: As in `trace`.
          **laws: Distributions for the sampler, and `reuse`, by name.

        Raises:
          InputError: `batch_size`, `size` or `steps` is too small.

        Example:
          >>> import catalign
          >>> import jax
          >>> bfs = catalign.algorithms.get("bfs")
          >>> bfs.sample(jax.random.key(0), batch_size=2, size=5).outputs["pi"].shape
          (2, 5)
        """
        return self.traces(self.sample_inputs(key, batch_size, size, **laws), steps=steps)


def _first(trace: Trace) -> Trace:
    head = functools.partial(jax.tree.map, lambda x: x[0])
    return Trace(
        inputs=head(trace.inputs),
        hints=jax.tree.map(lambda x: x[:, 0], trace.hints),
        outputs=head(trace.outputs),
        lengths=trace.lengths[0],
        complete=trace.complete[0],
    )


def _select(mask: Array, new: State, old: State) -> State:
    return jax.tree.map(
        lambda a, b: jnp.where(mask.reshape(mask.shape + (1,) * (a.ndim - 1)), a, b), new, old
    )


@functools.partial(jax.jit, static_argnums=(0, 2, 3, 4, 5))
def _sample_inputs(
    algorithm: Algorithm,
    key: KeyArray,
    batch_size: int,
    size: int,
    reuse: AbstractReuseLaw,
    laws: tuple[Any, ...],
) -> Probes:
    draw = functools.partial(algorithm.sampler, size=size, **dict(laws))
    return jax.vmap(lambda k: dict(draw(k)))(reuse.keys(key, batch_size))


@functools.partial(jax.jit, static_argnums=(0, 2))
def _traces(algorithm: Algorithm, inputs: Probes, steps: int) -> Trace:
    """One loop over the batch: vmap inside, so that buffers are written in place."""
    show = jax.vmap(algorithm.hints)
    size = algorithm.size(inputs)
    first = jax.vmap(algorithm.init)(inputs)
    shapes = jax.eval_shape(lambda state: dict(show(inputs, state)), first)
    check_shown(algorithm.name, algorithm.spec, Stage.HINT, shapes, size)

    def write(seen: dict[str, Array], t: Index, shown: Probes) -> dict[str, Array]:
        return {
            name: jax.lax.dynamic_update_index_in_dim(buffer, shown[name], t, axis=0)
            for name, buffer in seen.items()
        }

    def advance(carry: tuple[Run, dict[str, Array]]) -> tuple[Run, dict[str, Array]]:
        run, seen = carry
        return _advance(algorithm, inputs, run), write(seen, run.t, show(inputs, run.state))

    buffers = jax.tree.map(lambda h: jnp.zeros((steps, *h.shape), h.dtype), shapes)
    run, seen = jax.lax.while_loop(
        lambda carry: _is_running(carry[0], steps),
        advance,
        (_begin(algorithm, inputs, first), buffers),
    )
    last = show(inputs, run.state)
    hints = jax.lax.fori_loop(run.t, steps, lambda t, seen: write(seen, t, last), seen)
    outputs = dict(jax.vmap(algorithm.outputs)(inputs, run.state))
    check_shown(algorithm.name, algorithm.spec, Stage.OUTPUT, outputs, size)
    return Trace(inputs, hints, outputs, run.lengths, run.ended)


@functools.partial(jax.jit, static_argnums=(0, 2))
def _count_steps(algorithm: Algorithm, inputs: Probes, steps: int) -> Int[Array, " b"]:
    begin = _begin(algorithm, inputs, jax.vmap(algorithm.init)(inputs))
    run = jax.lax.while_loop(
        lambda run: _is_running(run, steps), lambda run: _advance(algorithm, inputs, run), begin
    )
    return run.lengths


class Run(NamedTuple):
    """Where a batch of runs stands: `state` is number `t`, and those that `ended` stay in it."""

    t: Index
    state: State
    lengths: Int[Array, " b"]
    ended: Bool[Array, " b"]


def _begin(algorithm: Algorithm, inputs: Probes, first: State) -> Run:
    ended = jax.vmap(algorithm.done)(inputs, first)
    return Run(jnp.int32(0), first, jnp.ones_like(ended, dtype=jnp.int32), ended)


def _is_running(run: Run, steps: int) -> Flag:
    return (run.t < steps - 1) & ~jnp.all(run.ended)


def _advance(algorithm: Algorithm, inputs: Probes, run: Run) -> Run:
    moved = _select(run.ended, run.state, jax.vmap(algorithm.step)(inputs, run.state))
    ended = run.ended | jax.vmap(algorithm.done)(inputs, moved)
    return Run(run.t + 1, moved, run.lengths + (~run.ended).astype(jnp.int32), ended)
