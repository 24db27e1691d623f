"""A program beside its algorithm: which instances it gets wrong, and where it goes wrong first."""

import functools
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind, Probe
from catalign.algorithms.trace import Trace
from catalign.nn.discrete.program import Program

_run = jax.jit(Program.run, static_argnums=(0, 2))

BY_HAND = 5e6
"""Up to how many candidates of all steps NumPy runs a program: compiling would take longer."""


def wrong(
    program: Program, algorithm: Algorithm, inputs: Mapping[str, Any]
) -> tuple[np.ndarray, Trace]:
    """Which instances a program gets wrong, bool `[b]`, and the algorithm's traces.

    An instance is wrong if an output differs where it is scored, or if the program does not end by
    itself within twice the algorithm's steps. Runs that the algorithm did not complete are not
    judged.
    """
    if is_small(algorithm, inputs):
        trace = algorithm.traces(inputs)
        longest = int(trace.lengths.max(initial=1))
        outputs, done = _run_by_hand(program, trace, 2 * longest + 2)
    else:
        longest = int(algorithm.count_steps(inputs).max())
        trace = algorithm.traces(inputs, steps=longest)
        first = {name: trace.hints[name][0] for name in program.given}
        outputs, _, _, done = _run(program, trace.inputs, 2 * longest + 2, None, first)
    bad = ~np.asarray(done)
    for probe in algorithm.spec.outputs:
        bad |= differs(probe, outputs[probe.name], trace.outputs[probe.name])
    return bad & np.asarray(trace.complete), trace


def is_small(algorithm: Algorithm, inputs: Mapping[str, Any]) -> bool:
    """Whether NumPy runs a program on these instances in less time than compiling it takes."""
    n = algorithm.size(inputs)
    return len(next(iter(inputs.values()))) * n**3 * algorithm.max_steps(n) <= BY_HAND


def _run_by_hand(
    program: Program, trace: Trace, max_steps: int
) -> tuple[dict[str, Any], np.ndarray]:
    """The outputs of the runs of a program on a trace's inputs, and which ended, by NumPy."""
    inputs = {name: np.asarray(value) for name, value in trace.inputs.items()}
    first = {name: np.asarray(trace.hints[name][0]) for name in program.given}
    done = np.zeros(len(trace.lengths), bool)
    with np.errstate(all="ignore"):
        state = program.begin(np, inputs, first)
        for _ in range(max_steps):
            new = program.advance(np, inputs, state)
            done = done | program.is_done(np, inputs, state, new)
            if done.all():
                break
            state = {
                name: np.where(done.reshape(-1, *(1,) * (value.ndim - 1)), state[name], value)
                for name, value in new.items()
            }
        return program.finish(np, inputs, state), done


def differs(probe: Probe, got: Any, want: Any, xp: ModuleType = np) -> Any:
    """Which instances hold another value of a probe, bool `[b]`; scalars up to rounding."""
    got, want = xp.asarray(got), xp.asarray(want)
    differs = got != want
    if probe.kind is Kind.SCALAR:
        close = 1e3 * float(xp.finfo(want.dtype).eps)
        differs &= ~(xp.abs(got - want) <= close * (1 + xp.abs(want)))
    if probe.partial:
        differs &= want != -1
    return differs.reshape(len(differs), -1).any(axis=1)


def hints_exact(
    program: Program, algorithm: Algorithm, inputs: Mapping[str, Any]
) -> Bool[np.ndarray, " b"]:
    """Which instances a program runs as the algorithm does.

    That is, every hint of every step is right, the program ends where the algorithm does, and its
    outputs are right. A run that the algorithm does not complete is judged by its hints alone. Both
    run side by side, so that no trace is kept: it takes memory for one state each. All batches of
    one shape share one compiled run, however many steps they take.

    Args:
      program: The program; it makes its first hints itself, but for those that are given.
      algorithm: The algorithm.
      inputs: A batch of instances.

    Raises:
      InputError: An instance is outside of the algorithm's domain.
    """
    longest = int(algorithm.count_steps(inputs).max())
    return np.asarray(_beside(program, algorithm, dict(inputs), longest))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _beside(program: Program, algorithm: Algorithm, inputs: Probes, longest: Any) -> Any:
    show, step, done = (jax.vmap(f) for f in (algorithm.hints, algorithm.step, algorithm.done))
    first = jax.vmap(algorithm.init)(inputs)
    mine = program.begin(jnp, inputs, dict(show(inputs, first)))
    b = next(iter(inputs.values())).shape[0]

    def turn(carry: Any) -> Any:
        t, state, mine, right, over = carry
        shown = show(inputs, state)
        new = program.advance(jnp, inputs, mine)
        ends = done(inputs, state)
        same = program.is_done(jnp, inputs, mine, new) == ends
        for probe in algorithm.spec.hints:
            same &= ~differs(probe, mine[probe.name], shown[probe.name], jnp)
        right &= same | over
        over |= ends

        def keep(old: Any, new: Any) -> Any:
            return jnp.where(over.reshape(b, *(1,) * (old.ndim - 1)), old, new)

        state = jax.tree.map(keep, state, step(inputs, state))
        mine = {name: keep(mine[name], value) for name, value in new.items()}
        return t + 1, state, mine, right, over

    start = (jnp.int32(0), first, mine, jnp.ones(b, bool), jnp.zeros(b, bool))
    _, state, mine, right, over = jax.lax.while_loop(
        lambda c: (c[0] < longest) & ~c[4].all(), turn, start
    )
    made, wanted = program.finish(jnp, inputs, mine), jax.vmap(algorithm.outputs)(inputs, state)
    for probe in algorithm.spec.outputs:
        right &= ~differs(probe, made[probe.name], wanted[probe.name], jnp) | ~over
    return right


def first_difference(
    program: Program, algorithm: Algorithm, inputs: Mapping[str, np.ndarray]
) -> tuple[str, Any, Any]:
    """The first rule that gives another value than the algorithm, and both values.

    Args:
      program: The program.
      algorithm: The algorithm.
      inputs: One instance, as a batch.
    """
    placed = {name: jnp.asarray(value) for name, value in inputs.items()}
    longest = int(algorithm.count_steps(placed).max())
    trace = algorithm.traces(placed, steps=longest)
    given = {name: np.asarray(value) for name, value in trace.inputs.items()}
    first = {name: np.asarray(trace.hints[name])[0] for name in program.given}
    state = program.begin(np, given, first)
    steps = int(trace.lengths[0])
    for t in range(steps):
        for probe in algorithm.spec.hints:
            want = np.asarray(trace.hints[probe.name])[t]
            if differs(probe, state[probe.name], want)[0]:
                rule = "first" if t == 0 else f"step {t}"
                return f"{rule}, rule of {probe.name}", _plain(want), _plain(state[probe.name])
        new = program.advance(np, given, state)
        done = bool(program.is_done(np, given, state, new)[0])
        if done != (t == steps - 1):
            return f"the end, at step {t}", f"{steps} steps", f"ended {done} at step {t}"
        if t < steps - 1:
            state = new
    outputs = program.finish(np, given, state)
    for probe in algorithm.spec.outputs:
        if differs(probe, outputs[probe.name], trace.outputs[probe.name])[0]:
            want = np.asarray(trace.outputs[probe.name])
            return f"rule of output {probe.name}", _plain(want), _plain(outputs[probe.name])
    return "rounding", "the outputs in NumPy's arithmetic", "others in XLA's"


def _plain(value: Any) -> Any:
    return np.asarray(value)[0].tolist()
