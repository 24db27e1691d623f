"""Families of instances: the laws that an algorithm's sampler takes, beside its own.

Which laws exist follows from the types of the sampler's arguments. The families spread densities,
make ties, and go to extremes: what agrees on them is unlikely to agree by accident.
"""

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind
from catalign.distributions.graph import AbstractGraphLaw, Acyclic, ErdosRenyi
from catalign.distributions.graph_family import Complete, Path, Tree
from catalign.distributions.key import (
    AbstractKeyLaw,
    OrganPipeKeys,
    ReversedKeys,
    SortedKeys,
    TiedKeys,
    UniformKeys,
)
from catalign.distributions.weight import AbstractWeightLaw, IntegerWeights
from catalign.nn.discrete.signature import ORDER

_KEYS = (TiedKeys(3), SortedKeys(), ReversedKeys(), OrganPipeKeys())
_GRAPHS = (Path(), Tree(), Complete())


@dataclass(frozen=True)
class Family:
    """A law of instances.

    Attributes:
      name: What it is called in a certificate.
      laws: The arguments of the sampler.
      rounded: Whether scalars are rounded to quarters, which makes ties and zeros, and of classes
        only the first two are left, which makes repetitions.
    """

    name: str
    laws: Mapping[str, Any] = field(default_factory=dict)
    rounded: bool = False

    def sample(self, algorithm: Algorithm, key: KeyArray, count: int, size: int) -> Probes:
        """Draws a batch of inputs. Of rounded ones those outside the domain are left out.

        Few of many may be left, and stand several times; none if all are outside.
        """
        laws: dict[str, Any] = {
            name: law(size) if callable(law) else law for name, law in self.laws.items()
        }
        inputs = algorithm.sample_inputs(key, count, size, **laws)
        if not self.rounded:
            return inputs
        host = {name: np.asarray(value) for name, value in inputs.items()}
        for probe in algorithm.spec.inputs:
            if probe.kind is Kind.SCALAR and probe.name != ORDER:
                host[probe.name] = np.round(host[probe.name] * 4) / 4
            if probe.kind is Kind.CATEGORICAL:
                host[probe.name] = host[probe.name] % 2
        valid = [b for b in range(count) if is_valid(algorithm, host, b)]
        if not valid:
            return {name: jnp.asarray(value[:0]) for name, value in host.items()}
        chosen = np.resize(np.array(valid), count)
        return {name: jnp.asarray(value[chosen]) for name, value in host.items()}


def is_valid(algorithm: Algorithm, inputs: Mapping[str, np.ndarray], b: int) -> bool:
    """Whether an instance of a batch lies in the algorithm's domain."""
    if algorithm.validate is None:
        return True
    try:
        algorithm.validate({name: value[b : b + 1] for name, value in inputs.items()})
    except InputError:
        return False
    return True


def families(algorithm: Algorithm) -> Iterator[Family]:
    """The sampler's own law, that with spread densities, and one for each extreme law it takes."""
    yield Family("its own law")
    own = spread(algorithm)
    if own:
        yield Family("its own law, spread", own)
    if any(
        (p.kind is Kind.SCALAR and p.name != ORDER) or p.kind is Kind.CATEGORICAL
        for p in algorithm.spec.inputs
    ):
        yield Family("its own law, rounded", own, rounded=True)
    for name, parameter in inspect.signature(algorithm.sampler).parameters.items():
        law = parameter.default
        for other in _others(law):
            family = Family(str(other), {**own, name: other})
            if _is_allowed(algorithm, family):
                yield family


def _others(law: Any) -> tuple[Any, ...]:
    """The extreme laws of the type of a default law."""
    if isinstance(law, UniformKeys) and (law.low, law.high) == (0.0, 1.0):
        return _KEYS
    if isinstance(law, AbstractKeyLaw):
        return ()
    if isinstance(law, AbstractWeightLaw):
        return (IntegerWeights(1, 3),)
    if isinstance(law, AbstractGraphLaw):
        if law.acyclic:
            return tuple(Acyclic(g) for g in _GRAPHS)
        return _GRAPHS if law.directed else (*_GRAPHS, ErdosRenyi(0.5, directed=True))
    return ()


def _is_allowed(algorithm: Algorithm, family: Family) -> bool:
    """Whether an algorithm takes a law: its sampler and its domain decide."""
    size = max(algorithm.min_size, 4)
    try:
        inputs = family.sample(algorithm, jax.random.key(0), 2, size)
        algorithm.count_steps(inputs)
    except InputError:
        return False
    return True


def spread(algorithm: Algorithm) -> dict[str, Any]:
    """Laws that spread what an algorithm draws by default; a callable is one of the size.

    As in the training recipe of Ibarz et al. 2022: each graph has its own density, up to nine
    tenths where the default is one half, and less in proportion where it is less; each needle has
    its own length, up to half of the nodes.
    """
    laws = {}
    for name, parameter in inspect.signature(algorithm.sampler).parameters.items():
        law = parameter.default
        if isinstance(law, Acyclic) and isinstance(law.of, ErdosRenyi):
            laws[name] = dataclasses.replace(law, of=_spread(law.of))
        elif isinstance(law, ErdosRenyi):
            laws[name] = _spread(law)
        elif name == NEEDLE:
            laws[name] = _half
    return laws


NEEDLE = "max_needle"
"""The argument of a sampler of strings that bounds the length of the second one."""


def _half(size: int) -> int:
    return max(1, size // 2)


def _spread(law: ErdosRenyi) -> ErdosRenyi:
    if not isinstance(law.p, float):
        return law
    return dataclasses.replace(law, p=tuple(x / 10 * min(1.0, 2 * law.p) for x in range(1, 10)))
