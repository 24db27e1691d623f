"""The law that a run trains on: the algorithm's own, varied as its settings say.

An algorithm is a value, so that its training law is one too: the same algorithm with another
sampler. Updates, the choice of the trace length and validations draw from it; the final evaluation
draws from the algorithm's own law.
"""

import dataclasses
import functools
import inspect
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.inputs import POS
from catalign.distributions.graph import AbstractGraphLaw, Acyclic, ErdosRenyi
from catalign.distributions.graph_family import Communities
from catalign.distributions.random import uniform
from catalign.training.config import TrainConfig

_KEPT = 64


def training_law(algorithm: Algorithm, config: TrainConfig) -> Algorithm:
    """The algorithm with the sampler that a run trains on; itself if nothing is varied.

    Equal settings give the same value, so that what was compiled for it is used again.

    Args:
      algorithm: Whose instances to draw.
      config: The settings. Read are `edge_probabilities`, `max_needle` and `random_pos`.

    Raises:
      InputError: The algorithm draws no graphs whose edge probability can be set, or no needle.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> bfs = get("bfs")
      >>> training_law(bfs, TrainConfig()) is bfs
      True
      >>> dense = training_law(bfs, TrainConfig(edge_probabilities=(1.0,)))
      >>> bool(dense.sample_inputs(jax.random.key(0), 1, 4)["adj"].all())
      True

    Source: Ibarz et al. 2022, arXiv 2209.11142, section 3.2.
    """
    return _varied(algorithm, config.edge_probabilities, config.max_needle, config.random_pos)


def takes(algorithm: Algorithm, config: TrainConfig, setting: str) -> bool:
    """Whether an algorithm's sampler has what a setting sets, or it is left out.

    Example:
      >>> from catalign.algorithms.catalogue import get
      >>> config = TrainConfig(max_needle=3)
      >>> [takes(get(name), config, "max_needle") for name in ("kmp_matcher", "bfs")]
      [True, False]
    """
    try:
        training_law(algorithm, TrainConfig(**{setting: getattr(config, setting)}))
    except InputError:
        return False
    return True


@functools.lru_cache(maxsize=_KEPT)
def _varied(
    algorithm: Algorithm,
    probabilities: tuple[float, ...],
    max_needle: int | None,
    random_pos: bool,
) -> Algorithm:
    laws: dict[str, Any] = {}
    if probabilities:
        own = _default(algorithm, "graph", "edge_probabilities")
        laws["graph"] = with_probabilities(own, probabilities)
    if max_needle is not None:
        _default(algorithm, "max_needle", "max_needle")
        laws["max_needle"] = max_needle
    moved = random_pos and POS in algorithm.spec.inputs
    if not laws and not moved:
        return algorithm

    # The laws that its sampler takes are still to be seen, and to be given.
    @functools.wraps(algorithm.sampler)
    def sample(key: KeyArray, size: int, **given: Any) -> Probes:
        drawn = dict(algorithm.sampler(key, size, **{**laws, **given}))
        if moved:
            # A stream of its own: the instances are those of the algorithm's sampler.
            drawn[POS.name] = random_positions(jax.random.fold_in(key, 1), drawn[POS.name])
        return drawn

    return dataclasses.replace(algorithm, sampler=sample)


def random_positions(key: KeyArray, pos: Float[Array, " n"]) -> Float[Array, " n"]:
    """Random places in the same order: what `pos` says beyond the order is noise.

    Maths: uniform numbers in [0, 1), ascending from each place where `pos` is 0 to the next such
      place, for two strings lie one after the other and `pos` counts in each.

    Example:
      >>> found = random_positions(jax.random.key(0), jnp.array([0.0, 0.5, 0.0, 0.3, 0.6]))
      >>> bool(found[0] < found[1]), bool(found[2] < found[3]) and bool(found[3] < found[4])
      (True, True)
    """
    part = jnp.cumsum(pos == 0, dtype=jnp.int32)
    drawn = uniform(key, pos.shape).astype(pos.dtype)
    return jax.lax.sort((part, drawn), num_keys=2)[1]


def with_probabilities(law: AbstractGraphLaw, p: tuple[float, ...]) -> AbstractGraphLaw:
    """A law of random graphs whose edges have other probabilities, one chosen for each graph.

    Raises:
      InputError: The law has no edge probability.

    Example:
      >>> with_probabilities(Acyclic(ErdosRenyi(0.5, directed=True)), (0.1, 0.9)).of.p
      (0.1, 0.9)
    """
    if isinstance(law, Acyclic):
        return Acyclic(with_probabilities(law.of, p))
    if isinstance(law, (ErdosRenyi, Communities)):
        return dataclasses.replace(law, p=p)
    raise InputError(
        f"`edge_probabilities` is {p}, but graphs are drawn from {law}, which has no edge "
        "probability. Leave it out."
    )


def _default(algorithm: Algorithm, law: str, setting: str) -> Any:
    """What a sampler draws with where it is told nothing."""
    found: Mapping[str, inspect.Parameter] = inspect.signature(algorithm.sampler).parameters
    if law not in found:
        raise InputError(
            f"`{setting}` is given, but the sampler of {algorithm.name} has no `{law}` to set. "
            "Leave it out."
        )
    return found[law].default
