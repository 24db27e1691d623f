"""From settings to a reasoner: what a run trains where its settings leave that out."""

import dataclasses
from collections.abc import Callable

from flax import nnx

from catalign.algebra.instances import SEMIRINGS
from catalign.algorithms import catalogue as algorithms
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment import catalogue
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.build import ALIGNED, build_reasoner
from catalign.nn.pretrained import pretrained_names
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import TrainConfig
from catalign.training.exact import EXACT

Build = Callable[[Algorithm, TrainConfig, nnx.Rngs], AbstractReasoner]

FALLBACK = "mpnn"
"""The processor where none is named, no alignment is known, and no program is shipped."""


def fill(algorithm: Algorithm, config: TrainConfig) -> TrainConfig:
    """Settings that say what is trained.

    Without a processor, it is the aligned one where the catalogue of alignments claims its diagram
    for the algorithm; else the exact one where a program that it learned is shipped, unless
    settings are given that only a network reads; and message passing otherwise. Without a semiring,
    the aligned processor computes in that of the claim.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> config = fill(get("bellman_ford"), TrainConfig())
      >>> config.processor, config.semiring
      ('aligned', 'min_plus')
      >>> fill(get("dfs"), TrainConfig()).processor
      'exact'
    """
    semiring = _claimed_semiring(algorithm)
    processor = config.processor or _default(algorithm, config, semiring)
    if processor == ALIGNED:
        return dataclasses.replace(
            config, processor=processor, semiring=config.semiring or semiring
        )
    return dataclasses.replace(config, processor=processor)


def build_from_config(
    algorithm: Algorithm, config: TrainConfig, rngs: nnx.Rngs
) -> AbstractReasoner:
    """The untrained reasoner that a run's settings ask for."""
    config = fill(algorithm, config)
    assert config.processor is not None
    return build_reasoner(
        algorithm,
        config.processor,
        semiring=config.semiring,
        width=config.width,
        options=config.options,
        rngs=rngs,
    )


def untrained(algorithm: Algorithm, config: TrainConfig) -> AbstractReasoner:
    """The reasoner that a run of these settings starts from."""
    return build_from_config(algorithm, config, nnx.Rngs(config.seed))


def _default(algorithm: Algorithm, config: TrainConfig, semiring: str | None) -> str:
    if semiring is not None:
        return ALIGNED
    name = algorithm.name
    known = name in pretrained_names() and algorithms.get(name).spec == algorithm.spec
    return EXACT if known and config.asks_no_network else FALLBACK


def _claimed_semiring(algorithm: Algorithm) -> str | None:
    """The semiring in which the algorithm is claimed to be the aligned reasoner's diagram."""
    if algorithm.name not in catalogue.names():
        return None
    claim = catalogue.get(algorithm.name)
    fits = claim.diagram == AlignedReasoner.diagram and claim.algorithm.spec == algorithm.spec
    return claim.semiring.name if fits and claim.semiring.name in SEMIRINGS else None
