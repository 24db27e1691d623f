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
from catalign.algorithms.spec import Kind, Location
from catalign.algorithms.trace import Trace
from catalign.alignment.certificate import Coverage
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.signature import memories
from catalign.training.config import EXACT_LARGEST
from catalign.training.discrete import enumeration
from catalign.training.discrete.execution import hints_exact
from catalign.training.discrete.family import Family, families
from catalign.training.discrete.rivals import fresh_traces, rivals, telling_instances
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
        if not self.sizes or min(self.sizes) < 1 or max(self.sizes) > EXACT_LARGEST:
            raise InputError(
                f"`sizes` is {self.sizes}, but the discrete learner needs sizes from 1 to "
                f"{EXACT_LARGEST}: it holds the candidates of a selection as the bits of one word."
            )
        if self.traces < 1:
            raise InputError(f"`traces` is {self.traces}, but it must be at least 1.")


class NotLearnedError(CatalignError, RuntimeError):
    """No program of the catalogue fits the traces; the message names the fields and the reason.

    Where two rows contradict each other it names both: the batch is the number of a trace of those
    that `draw` gives.
    """


@dataclass(frozen=True)
class Learning:
    """What came of learning.

    Attributes:
      program: The program.
      seconds: How long it took, traces included.
      coverage: How many of the examples that rules were fitted to and checked on come to each of
        their cells: receivers of some thousands of states of each batch of traces.
      unmended: How many fresh instances the program was found to get wrong, in a hint at least, for
        which no program was found.
      rivals: Other terms that give the same at the examples of a cell (see `Rival`), a line each.
    """

    program: Program
    seconds: float
    coverage: Coverage
    unmended: int = 0
    rivals: tuple[str, ...] = ()


def learn(
    algorithm: Algorithm,
    config: ExactConfig = ExactConfig(),
    *,
    on_rule: Callable[[str], None] = lambda _: None,
    log: Callable[[str], None] = lambda _: None,
) -> Learning:
    """Learns the first state, the step, the end and the outputs of an algorithm from its traces.

    Active coverage: the program is run on fresh instances of the training sizes. Where it goes
    wrong, in a hint or in an output, it is learned again with these and with instances that tell
    its terms from others that are right wherever they were seen, keeping the rules that still hold.
    (Where it goes right, such an instance is one more that it is right on, and changes no rule.)

    The learner sees the spec and the traces, and nothing else of the algorithm. It works in
    float64, whatever the caller's setting.

    Args:
      algorithm: What makes the traces.
      config: The settings.
      on_rule: Told in one line of each rule that is found, and of fresh instances that come out
        wrong; if that is said last, or that no program is right on these too, the program is wrong
        on some, in a hint at least.
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
        fresh = _fresh(algorithm, config)
        pools = [pool(algorithm.spec, trace, kept) for trace in traces]

    def fit(before: Program | None) -> tuple[Program, dict[str, int]]:
        learner = Learner(
            algorithm.spec, pools, seed=config.seed, log=log, on_rule=on_rule, kept=before
        )
        program, missing = learner.learn()
        if program is None:
            raise NotLearnedError(
                f"no program of the catalogue fits the traces of {algorithm.name}: "
                f"{'; '.join(missing)}. Either the hints are not Markov, or a rule needs an "
                "operation that the catalogue does not have: add a hint that shows it."
                + _narrow(algorithm, traces[0])
            )
        return program, learner.covered

    program, covered = fit(None)
    unmended = 0
    for turn in range(TURNS):
        with jax.enable_x64(True):
            batches = list(_mistakes(program, algorithm, config, turn))
        unmended = sum(map(_count, batches))
        if not batches:
            break
        on_rule(f"wrong on {unmended} fresh instances")
        if turn < TURNS - 1:
            with jax.enable_x64(True):
                batches += telling_instances(program, traces, fresh)
                added = [_run(algorithm, inputs) for inputs in batches]
            traces += added
            pools += [pool(algorithm.spec, trace, kept) for trace in added]
            try:
                again, counts = fit(program)
            except NotLearnedError:
                # What an algorithm decides by rounding, such as a last step, no rule explains.
                on_rule("no program is right on these too: the one that was found is kept")
                break
            if again == program:
                on_rule("the rules that were found hold on these too, up to rounding")
                break
            program, covered = again, counts
    named = dataclasses.replace(program, name=algorithm.name)
    coverage = Coverage(subject="cells of all rules", counts=covered)
    with jax.enable_x64(True):
        found = tuple(map(str, rivals(named, traces, fresh)))
    return Learning(named, time.monotonic() - begin, coverage, unmended, found)


def _fresh(algorithm: Algorithm, config: ExactConfig) -> list[Trace]:
    """Runs to tell rivals apart, of the second smallest size, whose samplers are compiled."""
    sizes = sorted({size for size in config.sizes if size >= algorithm.min_size})
    return fresh_traces(algorithm, seed=config.seed, size=sizes[:2][-1])


def _narrow(algorithm: Algorithm, trace: Trace) -> str:
    """What to say of hints whose sums are rounded more than the learner's are."""
    scalars = [probe.name for probe in algorithm.spec.hints if probe.kind is Kind.SCALAR]
    found = [name for name in scalars if trace.hints[name].dtype != np.float64]
    if not found:
        return ""
    return (
        f" The traces are made in float64, but not {', '.join(found)}: sums are rounded there that "
        "no rule rounds. Name no dtype, neither for hints nor in the sampler."
    )


TURNS = 4
"""How many times a program is tried on fresh instances; after each but the last it is mended."""
WAVES = 50
"""How many batches of fresh instances a program is tried on, at two of the sizes of training."""
WORK = 4e8
"""How many candidates the steps of further batches may look at; the first is always tried."""

EXTREMES = 4
"""How many times fewer instances of an extreme family are learned from than of a usual one."""


def _mistakes(
    program: Program, algorithm: Algorithm, config: ExactConfig, turn: int
) -> Iterator[Probes]:
    """Fresh instances that a program gets wrong, at most one batch for each of two sizes.

    Hints count as much as outputs: where one slips, a rule is wrong, whether an output shows it or
    not. What is rare among small instances need not be among large ones, so that many are tried:
    about as many of each family, and further batches of the same shape as long as none is wrong.
    """
    sizes = sorted({size for size in config.sizes if size >= algorithm.min_size})
    seed = jax.random.fold_in(jax.random.key(config.seed), 1 + turn)
    # In batches of the shapes that training drew, which are compiled for.
    counts = _counts(algorithm, config, EXTREMES)
    for size in sorted({sizes[len(sizes) // 2], sizes[-1]}):
        work = 0.0
        for wave in range(WAVES):
            key = jax.random.fold_in(seed, wave)
            inputs = _sample(algorithm, key, size, counts)
            work += _work(algorithm, inputs)
            if wave and work > WORK:
                break
            bad = np.flatnonzero(~hints_exact(program, algorithm, inputs))
            if len(bad):
                # Instances are in the order of their families: some of each.
                most = min(len(bad), config.traces)
                chosen = bad[np.linspace(0, len(bad) - 1, most).astype(int)]
                yield {name: value[chosen] for name, value in inputs.items()}
                break


def _count(inputs: Probes) -> int:
    return len(next(iter(inputs.values())))


def _work(algorithm: Algorithm, inputs: Probes) -> float:
    """How many candidates all steps of some runs look at: one of each node or pair in each step."""
    at_edges = any(p.location is Location.EDGE for p in algorithm.spec.hints)
    steps = np.asarray(algorithm.count_steps(inputs))
    return float(steps.sum()) * algorithm.size(inputs) ** (3 if at_edges else 2)


def _sample(
    algorithm: Algorithm, key: KeyArray, size: int, counts: Sequence[tuple[Family, int]]
) -> Probes:
    """So many instances of each family."""
    drawn = [
        family.sample(algorithm, jax.random.fold_in(key, 100 * number + size), count, size)
        for number, (family, count) in enumerate(counts)
    ]
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *drawn)


def _counts(
    algorithm: Algorithm, config: ExactConfig, batches: int = 1
) -> list[tuple[Family, int]]:
    """How many instances of each family: of extremes a fraction, in so many batches."""
    usual, extreme = [], []
    for number, family in enumerate(families(algorithm)):
        # The extremes are there to tell rules apart, not to make up the data.
        if number < 2:
            usual.append((family, config.traces))
        else:
            extreme.append((family, max(1, config.traces // EXTREMES)))
    return [*usual, *extreme * batches]


def draw(algorithm: Algorithm, config: ExactConfig) -> list[Trace]:
    """The traces to learn from: for each size one batch of all families; and listed instances."""
    key = jax.random.key(config.seed)
    counts = _counts(algorithm, config)
    sizes = [size for size in config.sizes if size >= algorithm.min_size]
    batches = [_sample(algorithm, key, size, counts) for size in sizes]
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
