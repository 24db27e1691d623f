"""Learning a transducer from the outputs of short words, by gradient, then hardening."""

import functools
from dataclasses import dataclass

import jax
import numpy as np
from flax import nnx
from jax import Array

from catalign._errors import InputError, UnsupportedError
from catalign.nn.descent import descend
from catalign.nn.scan.hard import HardScan
from catalign.nn.scan.merging import Evidence, fold, observe
from catalign.nn.scan.model import MonoidScan, Parameters, initial, loss
from catalign.nn.scan.word import UNSUPERVISED, Tie, Words, WordType, contradiction, ties


@dataclass(frozen=True, kw_only=True)
class ScanConfig:
    """How transducers are learned: one setting for all tasks.

    Attributes:
      states: The sizes of the state set that are tried. More than are needed help the gradient;
        hardening drops the rest.
      restarts: How many initial values are trained side by side.
      updates: The updates of Adam, each on all words.
      learning_rate: Its first rate; a cosine takes it to a tenth.

    Raises:
      InputError: A number is below 1, or the rate is not positive.
    """

    states: tuple[int, ...] = (4, 8, 16)
    restarts: int = 4
    updates: int = 400
    learning_rate: float = 0.1

    def __post_init__(self) -> None:
        for name in ("restarts", "updates"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}, but it must be at least 1.")
        if not self.states or min(self.states) < 1 or not self.learning_rate > 0:
            raise InputError(
                f"`states` is {self.states} and `learning_rate` {self.learning_rate}: "
                "give sizes of at least 1, and a positive rate."
            )


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One hypothesis that learning tried.

    Attributes:
      tie: Which letters shared parameters.
      states: The size of the state set; 0 if the examples ruled the tie out before training.
      wrong: For each restart, how many told outputs the hardened machine got wrong.
      contradiction: Two words that this tie cannot both answer.
    """

    tie: Tie
    states: int = 0
    wrong: tuple[int, ...] = ()
    contradiction: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class ScanFit:
    """What was learned, and what was tried before.

    Attributes:
      machine: The hardened machine, right on all examples.
      soft: The layer it came from.
      loss: The layer's loss.
      attempts: All hypotheses that were tried; the last one gave the machine.
    """

    machine: HardScan
    soft: MonoidScan
    loss: float
    attempts: tuple[Attempt, ...]


def learn(
    word_type: WordType, words: Words, *, seed: int = 0, config: ScanConfig | None = None
) -> ScanFit:
    """Learns the smallest transducer that answers all examples.

    Hypotheses, a tie and a size of the state set each, are tried from the shortest description on.
    Those that two examples contradict are skipped; the others are trained by gradient, from several
    initial values at once, and hardened. The first that answers every example is taken. Nothing but
    the type and the examples goes in: no states, no carries, no lengths of chains.

    Args:
      word_type: What words it reads and writes.
      words: The examples.
      seed: The only source of chance.
      config: The settings; the same for all tasks if left out.

    Returns:
      The machine, the soft layer, and the record of what was tried.

    Raises:
      InputError: The words are not of this type.
      UnsupportedError: No hypothesis answers all examples.

    Example:
      >>> bits = np.random.default_rng(0).integers(0, 2, (32, 5, 1))
      >>> parities = Words(bits, bits[..., 0].cumsum(axis=1) % 2)
      >>> learn(WordType((2,), 2), parities).machine.states
      2
    """
    words.check(word_type)
    config = config or ScanConfig()
    tried: list[Attempt] = []
    refuted: set[Tie] = set()
    order = sorted(
        ((tie, states) for tie in ties(word_type) for states in config.states),
        key=lambda pair: pair[0].bits(word_type, pair[1]),
    )
    for number, (tie, states) in enumerate(order):
        if tie in refuted:
            continue
        clash = contradiction(word_type, tie, words)
        if clash is not None:
            refuted.add(tie)
            tried.append(Attempt(tie=tie, contradiction=clash))
            continue
        key = jax.random.fold_in(jax.random.key(seed), number)
        parameters, losses = train(word_type, words, tie, states, key=key, config=config)
        found: list[tuple[int, float, HardScan, Parameters]] = []
        wrong = []
        for k in range(config.restarts):
            one = jax.tree.map(lambda x, k=k: x[k], parameters)
            machine, evidence = harden(word_type, words, tie, one)
            wrong.append(evidence.wrong)
            if evidence.wrong == 0:
                found.append((machine.states, float(losses[k]), machine, one))
        tried.append(Attempt(tie=tie, states=states, wrong=tuple(wrong)))
        if found:
            _, least, machine, one = min(found, key=lambda entry: entry[:2])
            soft = MonoidScan(
                word_type, states, tie=tie, max_places=words.letters.shape[1], rngs=nnx.Rngs(seed)
            ).with_parameters(one)
            return ScanFit(machine=machine, soft=soft, loss=least, attempts=tuple(tried))
    trained = [a for a in tried if a.wrong]
    best = min(trained, key=lambda a: min(a.wrong)) if trained else None
    closest = "two equal words have different outputs"
    if best is not None:
        closest = (
            f"the closest, {best.tie.describe()} with {best.states} states, gets "
            f"{min(best.wrong)} wrong"
        )
    raise UnsupportedError(
        f"no machine of up to {max(config.states)} states answers all "
        f"{int((words.targets != UNSUPERVISED).sum())} outputs of `words`: {closest}. Allow more "
        "`states` or `restarts`, or check that the outputs depend on what was read so far alone."
    )


def train(
    word_type: WordType,
    words: Words,
    tie: Tie,
    states: int,
    *,
    key: Array,
    config: ScanConfig,
) -> tuple[Parameters, Array]:
    """Trains several layers side by side, each from its own initial values.

    Returns:
      Their logits, with an axis for the restarts in front, and their losses.
    """
    classes, targets = tie.reading_order(word_type, words)
    sizes = tie.classes(word_type)
    begun = jax.vmap(
        functools.partial(
            initial, classes=sizes, states=states, outputs=word_type.outputs, rolled=tie.rolled
        )
    )(jax.random.split(key, config.restarts))
    # An output that is not told is the class -1, whose one-hot vector is zero.
    return _descend(
        begun,
        jax.nn.one_hot(classes.T, sizes),
        jax.nn.one_hot(targets.T, word_type.outputs),
        rolled=tie.rolled,
        updates=config.updates,
        learning_rate=config.learning_rate,
    )


def harden(
    word_type: WordType, words: Words, tie: Tie, parameters: Parameters
) -> tuple[HardScan, Evidence]:
    """The likeliest machine of one layer, with the states merged that no example tells apart.

    Returns:
      The machine with the coverage of its cells, and what the examples met of it before merging.
    """
    moves = np.asarray(parameters["moves"].argmax(axis=-1))
    writes = np.asarray(parameters["writes"].argmax(axis=-1))
    writes = writes[None] if tie.rolled else writes
    classes, targets = tie.reading_order(word_type, words)
    evidence = observe(moves, writes, classes, targets)
    return fold(word_type, tie, moves, writes, evidence), evidence


@functools.partial(jax.jit, static_argnames=("rolled", "updates", "learning_rate"))
def _descend(
    parameters: Parameters,
    classes: Array,
    targets: Array,
    *,
    rolled: bool,
    updates: int,
    learning_rate: float,
) -> tuple[Parameters, Array]:
    each = jax.vmap(functools.partial(loss, rolled=rolled), in_axes=(0, None, None))
    trained = descend(
        lambda p: each(p, classes, targets).sum(),
        parameters,
        updates=updates,
        learning_rate=learning_rate,
    )
    return trained, each(trained, classes, targets)
