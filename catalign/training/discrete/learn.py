"""Learning a discrete program from the traces of an algorithm: draw, learn, check by running it."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import CatalignError, InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.trace import Trace
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.signature import memories
from catalign.training.discrete import enumeration
from catalign.training.discrete.execution import wrong
from catalign.training.discrete.family import Family, families
from catalign.training.discrete.rivals import telling_instances
from catalign.training.discrete.trainer import Learner
from catalign.training.discrete.transitions import pool


@dataclass(frozen=True, kw_only=True)
class ExactConfig:
    """The settings of the discrete learner: the same for every algorithm.

    Attributes:
      sizes: The numbers of nodes of the traces; those below the algorithm's smallest are left out.
      traces: The number of traces of each size.
      seed: Where all chance comes from: equal seeds give equal programs.

    Raises:
      InputError: There is no size, a size is above 32, or a count is below 1.
    """

    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    traces: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1 or max(self.sizes) > 32:
            raise InputError(
                f"`sizes` is {self.sizes}, but the discrete learner needs sizes from 1 to 32: it "
                "holds the candidates of a selection as the bits of one word."
            )
        if self.traces < 1:
            raise InputError(f"`traces` is {self.traces}, but it must be at least 1.")


class NotLearnedError(CatalignError, RuntimeError):
    """No program of the catalogue fits the traces; the message names the fields and the reason."""


@dataclass(frozen=True)
class Learning:
    """What came of learning.

    Attributes:
      program: The program.
      seconds: How long it took, traces included.
    """

    program: Program
    seconds: float


def learn(
    algorithm: Algorithm,
    config: ExactConfig = ExactConfig(),
    *,
    on_rule: Callable[[str], None] = lambda _: None,
    log: Callable[[str], None] = lambda _: None,
) -> Learning:
    """Learns the first state, the step, the end and the outputs of an algorithm from its traces.

    Active coverage: the program is run on fresh instances of the training sizes, and on instances
    where its terms differ from others that are right wherever they were seen. Where it goes wrong,
    it is learned again with these, keeping the rules that still hold.

    The learner sees the spec and the traces, and nothing else of the algorithm. It works in
    float64, whatever the caller's setting.

    Args:
      algorithm: What makes the traces.
      config: The settings.
      on_rule: Told in one line of each rule that is found, and of fresh instances that come out
        wrong; if that is said last, the program is wrong on some.
      log: Told of each attempt.

    Raises:
      InputError: The algorithm has no instance of these sizes.
      NotLearnedError: Some field is no function of what the catalogue can read.
    """
    begin = time.monotonic()
    if max(config.sizes) < algorithm.min_size:
        raise InputError(
            f"`sizes` is {config.sizes}, but {algorithm.name} needs at least {algorithm.min_size} "
            f"nodes: give sizes from {algorithm.min_size} on."
        )
    kept = memories(algorithm.spec)
    with jax.enable_x64(True):
        traces = draw(algorithm, config)
        pools = [pool(algorithm.spec, trace, kept) for trace in traces]

    def fit(before: Program | None) -> Program:
        learner = Learner(
            algorithm.spec, pools, seed=config.seed, log=log, on_rule=on_rule, kept=before
        )
        program, missing = learner.learn()
        if program is None:
            raise NotLearnedError(
                f"no program of the catalogue fits the traces of {algorithm.name}: "
                f"{'; '.join(missing)}. Either the hints are not Markov, or a rule needs an "
                "operation that the catalogue does not have: add a hint that shows it."
            )
        return program

    program = fit(None)
    for turn in range(TURNS):
        with jax.enable_x64(True):
            failed = _failed(program, algorithm, config, traces, turn)
            traces += failed
            pools += [pool(algorithm.spec, trace, kept) for trace in failed]
        if not failed:
            break
        on_rule(f"wrong on {sum(len(t.lengths) for t in failed)} fresh instances")
        if turn < TURNS - 1:
            program = fit(program)
    named = dataclasses.replace(program, name=algorithm.name)
    return Learning(named, time.monotonic() - begin)


TURNS = 4
"""How many times a program is tried on fresh instances; after each but the last it is mended."""
FRESH = 4
"""How many times the instances of training a program is tried on, at two of its sizes."""


def _failed(
    program: Program, algorithm: Algorithm, config: ExactConfig, seen: Sequence[Trace], turn: int
) -> list[Trace]:
    """Traces that a program gets wrong: of fresh instances, or of such that tell rivals apart.

    Hints count as much as outputs: where one slips, a rule is wrong, whether an output shows it or
    not.
    """
    drawn = _fresh(algorithm, config, turn)
    fresh = [wrong(program, algorithm, inputs, hints=True) for inputs in drawn]
    if not any(bad.any() for bad, _ in fresh):
        # Where other terms would do as well so far, the program's own may be the wrong one.
        told = telling_instances(program, seen, [trace for _, trace in fresh])
        fresh = [wrong(program, algorithm, inputs, hints=True) for inputs in told]
    return [_some(t, np.flatnonzero(bad)[: config.traces]) for bad, t in fresh if bad.any()]


def _fresh(algorithm: Algorithm, config: ExactConfig, turn: int) -> Iterator[Probes]:
    """Fresh instances of two of the training sizes, in batches that were compiled for."""
    known = list(families(algorithm))
    sizes = sorted({size for size in config.sizes if size >= algorithm.min_size})
    seed = jax.random.fold_in(jax.random.key(config.seed), 1 + turn)
    for size in sorted({sizes[len(sizes) // 2], sizes[-1]}):
        parts = [
            _sample(algorithm, known, config, size, jax.random.fold_in(seed, k))
            for k in range(FRESH)
        ]
        yield jax.tree.map(lambda *parts: jnp.concatenate(parts), *parts)


def _sample(
    algorithm: Algorithm, known: Sequence[Family], config: ExactConfig, size: int, key: KeyArray
) -> Probes:
    """Instances of all families."""
    drawn = []
    for number, family in enumerate(known):
        # The extremes are there to tell rules apart, not to make up the data.
        count = config.traces if number < 2 else max(1, config.traces // 4)
        each = jax.random.fold_in(key, 100 * number + size)
        drawn.append(family.sample(algorithm, each, count, size))
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *drawn)


def _some(trace: Trace, at: np.ndarray) -> Trace:
    """Some of the runs, by number."""
    return Trace(
        inputs={name: value[at] for name, value in trace.inputs.items()},
        hints={name: value[:, at] for name, value in trace.hints.items()},
        outputs={name: value[at] for name, value in trace.outputs.items()},
        lengths=trace.lengths[at],
        complete=trace.complete[at],
    )


def draw(algorithm: Algorithm, config: ExactConfig) -> list[Trace]:
    """The traces to learn from: for each size one batch of all families; and listed instances."""
    key = jax.random.key(config.seed)
    known = list(families(algorithm))
    sizes = [size for size in config.sizes if size >= algorithm.min_size]
    batches = [_sample(algorithm, known, config, size, key) for size in sizes]
    traces = [_run(algorithm, inputs) for inputs in batches]
    return [*traces, *(_run(algorithm, i) for i in _listed(algorithm, config))]


def _run(algorithm: Algorithm, inputs: Probes) -> Trace:
    longest = int(algorithm.count_steps(inputs).max())
    return algorithm.traces(inputs, steps=longest)


def _listed(algorithm: Algorithm, config: ExactConfig) -> Iterator[Probes]:
    """For each small size some of all its instances, whatever law the sampler has.

    What a law never draws, such as a directed graph, a tie or a single node, a rule may get wrong
    unnoticed.
    """
    rng = np.random.default_rng(config.seed)
    for n in range(algorithm.min_size, enumeration.largest(algorithm) + 1):
        inputs = enumeration.instances(algorithm, n, drawn=True)
        if not inputs:
            continue
        count = len(next(iter(inputs.values())))
        chosen = rng.permutation(count)[: 10 * config.traces]
        placed = {name: jnp.asarray(value[chosen]) for name, value in inputs.items()}
        try:
            algorithm.count_steps(placed)
        except InputError:
            continue  # There is no instance of this size.
        yield placed
