"""Runs whose traces do not fit in memory: without hints, or with those of one window at a time."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import check_shown
from catalign.algorithms.spec import Stage
from catalign.algorithms.trace import Trace


def run(algorithm: Algorithm, inputs: Probes, *, steps: int | None = None) -> Trace:
    """Runs a batch of instances without recording them: the memory is that of one state.

    Args:
      algorithm: What to run.
      inputs: Values by probe name, `[B, ...]`.
      steps: Where to cut a longer run; `max_steps(n)` if left out.

    Returns:
      The trace that `algorithm.traces` gives, with no hints.

    Raises:
      InputError: As for `algorithm.traces`.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> bfs = get("bfs")
      >>> trace = run(bfs, bfs.sample_inputs(jax.random.key(0), batch_size=2, size=4))
      >>> sorted(trace.outputs), trace.steps
      (['pi'], 0)
    """
    checked, limit = algorithm._checked(inputs, steps)
    outputs, lengths, complete = _run(algorithm, checked, limit)
    return Trace(checked, {}, outputs, lengths, complete)


def iterate_chunks(algorithm: Algorithm, inputs: Probes, chunk: int) -> Iterator[Trace]:
    """Runs a batch of instances, and yields the hints of `chunk` steps at a time.

    The memory is that of one window of hints. Each window is a trace: that of the run cut after the
    window, but with the hints of the window alone. So `lengths` counts the steps from the start,
    and the last window is the first one in which every run is `complete`; it repeats the last
    hints up to its end. The windows in a row are the hints of `algorithm.traces`.

    Args:
      algorithm: What to run.
      inputs: Values by probe name, `[B, ...]`.
      chunk: The number of steps of a window.

    Raises:
      InputError: As for `algorithm.traces`; or `chunk` is below 1.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> from catalign.algorithms.inputs import graph_inputs
      >>> path = graph_inputs(jnp.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool))
      >>> batch = {name: value[None] for name, value in path.items()} | {"s": jnp.array([0])}
      >>> for window in iterate_chunks(get("bfs"), batch, 2):
      ...     print(window.hints["reach_h"][:, 0].astype(int).tolist(), window.lengths.tolist())
      [[1, 0, 0], [1, 1, 0]] [2]
      [[1, 1, 1], [1, 1, 1]] [3]
    """
    if chunk < 1:
        raise InputError(f"`chunk` is {chunk}: a window has at least one step.")
    checked, limit = algorithm._checked(inputs, None)
    return _iterate(algorithm, checked, chunk, limit)


class _Progress(NamedTuple):
    """Where a batch of runs stands: at the state that was shown last."""

    state: Any
    lengths: Int[Array, " b"]
    ended: Bool[Array, " b"]


def _iterate(
    algorithm: Algorithm, inputs: dict[str, Array], chunk: int, limit: int
) -> Iterator[Trace]:
    progress = None
    for _ in range(0, limit, chunk):
        progress, hints, outputs = _window(algorithm, chunk, inputs, progress)
        yield Trace(inputs, hints, outputs, progress.lengths, progress.ended)
        if bool(progress.ended.all()):
            return


class _Batched(NamedTuple):
    """The functions of an algorithm on a batch; without vmap where it holds one instance."""

    init: Any
    step: Any
    done: Any
    hints: Any
    outputs: Any


def _batched(algorithm: Algorithm, inputs: Probes) -> _Batched:
    functions = (
        algorithm.init,
        algorithm.step,
        algorithm.done,
        lambda x, s: dict(algorithm.hints(x, s)),
        lambda x, s: dict(algorithm.outputs(x, s)),
    )
    # A scatter over a batch of one is slower than one without a batch.
    single = jax.tree.leaves(inputs)[0].shape[0] == 1
    return _Batched(*((_on_one if single else jax.vmap)(f) for f in functions))


def _on_one(function: Any) -> Any:
    def call(*arguments: Any) -> Any:
        result = function(*jax.tree.map(lambda x: x[0], arguments))
        return jax.tree.map(lambda x: x[None], result)

    return call


def _begin(f: _Batched, inputs: Probes) -> _Progress:
    state = f.init(inputs)
    ended = f.done(inputs, state)
    return _Progress(state, jnp.ones(ended.shape, dtype=jnp.int32), ended)


def _advance(f: _Batched, inputs: Probes, now: _Progress) -> _Progress:
    """One step of the runs that have not ended."""
    moved = f.step(inputs, now.state)

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(now.ended.reshape((-1,) + (1,) * (new.ndim - 1)), old, new)

    state = jax.tree.map(choose, moved, now.state)
    lengths = now.lengths + (~now.ended).astype(jnp.int32)
    return _Progress(state, lengths, now.ended | f.done(inputs, state))


@functools.partial(jax.jit, static_argnums=(0, 2))
def _run(
    algorithm: Algorithm, inputs: dict[str, Array], steps: int
) -> tuple[dict[str, Array], Array, Array]:
    f = _batched(algorithm, inputs)

    def running(carry: tuple[Array, _Progress]) -> Array:
        t, now = carry
        return (t < steps) & ~jnp.all(now.ended)

    def advance(carry: tuple[Array, _Progress]) -> tuple[Array, _Progress]:
        t, now = carry
        return t + 1, _advance(f, inputs, now)

    start = (jnp.int32(1), _begin(f, inputs))
    last = jax.lax.while_loop(running, advance, start)[1]
    outputs = f.outputs(inputs, last.state)
    check_shown(algorithm.name, algorithm.spec, Stage.OUTPUT, outputs, algorithm.size(inputs))
    return outputs, last.lengths, last.ended


@functools.partial(jax.jit, static_argnums=(0, 1))
def _window(
    algorithm: Algorithm, chunk: int, inputs: dict[str, Array], progress: _Progress | None
) -> tuple[_Progress, dict[str, Array], dict[str, Array]]:
    """The next `chunk` hints, from the start if there is no progress yet."""
    f = _batched(algorithm, inputs)

    def advance(now: _Progress) -> _Progress:
        return jax.lax.cond(jnp.all(now.ended), lambda p: p, lambda p: _advance(f, inputs, p), now)

    def show(now: _Progress, _: None) -> tuple[_Progress, dict[str, Array]]:
        moved = advance(now)
        return moved, f.hints(inputs, moved.state)

    now = _begin(f, inputs) if progress is None else advance(progress)
    shown = f.hints(inputs, now.state)
    check_shown(algorithm.name, algorithm.spec, Stage.HINT, shown, algorithm.size(inputs))
    last, rest = jax.lax.scan(show, now, None, length=chunk - 1)
    hints = {name: jnp.concatenate([shown[name][None], rest[name]]) for name in shown}
    return last, hints, f.outputs(inputs, last.state)
