"""From settings to a reasoner: what a run trains where its settings leave that out."""

import dataclasses
from collections.abc import Callable

from flax import nnx

from catalign.algorithms.algorithm import Algorithm
from catalign.nn.build import build_reasoner
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import HintMode, TrainConfig

Build = Callable[[Algorithm, TrainConfig, nnx.Rngs], AbstractReasoner]


def fill(algorithm: Algorithm, config: TrainConfig) -> TrainConfig:
    """Settings that name their processor, so that a run's folder says what was trained."""
    if config.processor is not None:
        return config
    return dataclasses.replace(config, processor="mpnn")


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
        with_hints=config.hints is HintMode.ENCODED_DECODED,
        rngs=rngs,
    )
