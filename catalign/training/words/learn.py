"""Learning a reasoner of words from an algorithm: draw, learn, meet every cell, check by running.

Each hint and output is a function from words to words, and gets a transducer of its own. Its states
are the values of some hint or output where these explain it, and then each place of each word is an
example of one cell; else they are found by gradient.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from catalign._errors import InputError, UnsupportedError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Probe
from catalign.alignment.certificate import Coverage
from catalign.nn.scan import learn as learn_by_gradient
from catalign.nn.scan.form import WordForm, word_form
from catalign.nn.scan.hard import HardScan
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.nn.scan.told import learn_told, unmet
from catalign.nn.scan.word import Words
from catalign.training.discrete.learn import ExactConfig, NotLearnedError, draw
from catalign.training.words.examples import (
    Answered,
    answered,
    ask,
    words_for,
    words_of,
    write,
)

ROUNDS = 32
"""How many times words are asked for that meet new cells."""
ASKED = 4_096
"""How many words are asked for at once, at most."""
SOFT_WORDS = 256
"""How many words the gradient learns from."""
TURNS = 4
"""How many times a reasoner is tried on fresh instances; after each but the last it is mended."""


@dataclass(frozen=True)
class WordLearning:
    """What came of learning.

    Attributes:
      reasoner: A transducer for each hint and output.
      seconds: How long it took, traces included.
      coverage: How often the examples met each cell, one table a machine.
      instances: How many instances the algorithm was run on to learn from.
      unmended: How many fresh instances came out wrong, and stayed so.
    """

    reasoner: ScanReasoner
    seconds: float
    coverage: tuple[Coverage, ...]
    instances: int
    unmended: int = 0


@dataclass(frozen=True)
class _Found:
    """A machine, and the probe whose values are its states; None if they are its own."""

    machine: HardScan
    states: Probe | None


def learn(
    algorithm: Algorithm,
    config: ExactConfig | None = None,
    *,
    on_rule: Callable[[str], None] = lambda _: None,
) -> WordLearning:
    """Learns a transducer for each hint and output of an algorithm whose spec is one of words.

    The learner sees the spec, the instances that the algorithm draws, and what it answers on them
    and on words of its own choice: those that meet a cell no example met (active coverage). No
    state is told to it but the values of hints and outputs.

    Args:
      algorithm: What answers.
      config: The settings, as of programs; the default ones if left out.
      on_rule: Told in one line of each machine that is found.

    Raises:
      InputError: The algorithm has no complete run of these sizes.
      NotLearnedError: The spec is none of words, or some hint or output is no function of a finite
        state, from either end.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> found = learn(get("parity"), ExactConfig(sizes=(4,), traces=8))
      >>> found.reasoner.machines["parity"].states
      2
    """
    begin, config = time.monotonic(), config or ExactConfig()
    form = word_form(algorithm.spec)
    if form is None:
        raise NotLearnedError(
            f"{algorithm.name} is no function on words: its inputs are not an order with masks and "
            "categoricals, or a hint or output is none at the nodes."
        )
    blocks = [answered(form, trace) for trace in draw(algorithm, config)]
    if not _count(blocks):
        raise InputError(
            f"`sizes` is {config.sizes}, but {algorithm.name} completes no run of these sizes: "
            f"give some from {algorithm.min_size} on."
        )
    mistakes: list[Answered] = []
    reasoner, unmended = None, 0
    for turn in range(TURNS):
        machines: dict[str, HardScan] = {}
        for probe in form.written:
            found, blocks = _machine(algorithm, form, blocks, mistakes, probe, config.seed + turn)
            machines[probe.name] = found.machine
            if turn == 0:
                on_rule(_said(probe, found))
        reasoner = ScanReasoner(algorithm.name, algorithm.spec, machines)
        fresh = dataclasses.replace(config, seed=config.seed + 2**20 + turn)
        wrong = [
            part
            for trace in draw(algorithm, fresh)
            for part in _mistakes(reasoner, answered(form, trace))
        ]
        unmended = _count(wrong)
        if not unmended:
            break
        on_rule(f"wrong on {unmended} fresh instances")
        if turn < TURNS - 1:
            mistakes += wrong
            blocks = [*blocks, *wrong]
    assert reasoner is not None
    return WordLearning(
        reasoner, time.monotonic() - begin, _coverage(reasoner), _count(blocks), unmended
    )


def _coverage(reasoner: ScanReasoner) -> tuple[Coverage, ...]:
    """The coverage of each machine, under the names of what it writes."""
    machines = reasoner.machines
    found = []
    for machine in dict.fromkeys(machines.values()):
        names = " and ".join(name for name, other in machines.items() if other == machine)
        found += [
            dataclasses.replace(table, subject=f"{names}, {table.subject}")
            for table in machine.coverage
        ]
    return tuple(found)


def _machine(
    algorithm: Algorithm,
    form: WordForm,
    blocks: list[Answered],
    mistakes: list[Answered],
    probe: Probe,
    seed: int,
) -> tuple[_Found, list[Answered]]:
    """The machine of a probe, and the examples with those that meet its cells."""
    for _ in range(ROUNDS):
        found = _told(form, blocks, probe)
        if found is None:
            return _soft(algorithm, form, blocks, mistakes, probe, seed), blocks
        assert found.states is not None
        machine, last = found.machine, found.machine.word_type.from_last
        _, states = words_of(blocks, found.states, from_last=last)
        words = words_for(blocks, probe, from_last=last)
        wanted = unmet(machine.word_type, machine.tie, words, states, form.constant)
        added: list[Answered] = []
        for start in range(0, len(wanted), ASKED):
            added = ask(algorithm, form, wanted[start : start + ASKED])
            if _count(added):
                break
        if not _count(added):
            break
        blocks = [*blocks, *added]
    return found, blocks


def _told(form: WordForm, blocks: list[Answered], probe: Probe) -> _Found | None:
    """The shortest machine whose states are the values of a probe, over both directions."""
    best: tuple[float, _Found] | None = None
    for from_last in (False, True):
        word_type = form.word_type(probe, from_last=from_last)
        words = words_for(blocks, probe, from_last=from_last)
        for states in form.written:
            _, told = words_of(blocks, states, from_last=from_last)
            machine = learn_told(word_type, words, told)
            if machine is None:
                continue
            bits = machine.tie.bits(word_type, machine.states)
            if best is None or bits < best[0]:
                best = (bits, _Found(machine, states))
    return None if best is None else best[1]


def _soft(
    algorithm: Algorithm,
    form: WordForm,
    blocks: list[Answered],
    mistakes: list[Answered],
    probe: Probe,
    seed: int,
) -> _Found:
    """A machine found by gradient, from some words, mistakes before others."""
    rng = np.random.default_rng(seed)
    refused = []
    for from_last in (False, True):
        words = words_for([*mistakes, *blocks], probe, from_last=from_last)
        known = _count(mistakes)
        first = rng.permutation(known)[: SOFT_WORDS // 2]
        rest = known + rng.permutation(len(words.letters) - known)
        chosen = np.concatenate([first, rest])[:SOFT_WORDS]
        some = Words(words.letters[chosen], words.targets[chosen])
        try:
            fit = learn_by_gradient(form.word_type(probe, from_last=from_last), some, seed=seed)
        except UnsupportedError as error:
            refused.append(f"from the {'last' if from_last else 'first'} node on, {error}")
        else:
            return _Found(fit.machine, None)
    raise NotLearnedError(
        f"{probe.name!r} of {algorithm.name} is written by no transducer that was found: "
        + "; ".join(refused)
    )


def _mistakes(reasoner: ScanReasoner, block: Answered) -> Iterator[Answered]:
    """The words that a reasoner gets wrong."""
    bad = np.zeros(len(block.letters), bool)
    for name, found in write(reasoner, block.letters).items():
        bad |= (found != block.values[name]).any(axis=1)
    if bad.any():
        yield Answered(block.letters[bad], {k: v[bad] for k, v in block.values.items()})


def _said(probe: Probe, found: _Found) -> str:
    machine = found.machine
    end = "last" if machine.word_type.from_last else "first"
    states = "found by gradient" if found.states is None else f"values of {found.states.name}"
    return (
        f"{probe.name}: {machine.states} states, {states}, read from the {end} node on, "
        f"{machine.tie.describe()}"
    )


def _count(blocks: list[Answered]) -> int:
    return sum(len(block.letters) for block in blocks)
