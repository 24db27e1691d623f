"""Families of instances: the laws that an algorithm's sampler takes, beside its own.

Which laws exist follows from the types of the sampler's arguments. The families spread densities,
make ties, and go to extremes: what agrees on them is unlikely to agree by accident.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import check_laws, check_size
from catalign.algorithms.spec import Kind, Location, Probe
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
_TENTHS = tuple(x / 10 for x in range(1, 10))


@dataclass(frozen=True)
class Family:
    """A law of instances.

    Attributes:
      name: What it is called in a certificate.
      laws: The arguments of the sampler.
      rounded: Whether scalars are rounded to quarters, which makes ties and zeros, and of classes
        only the first two are left, which makes repetitions.
      redrawn: Whether the classes of nodes are drawn again, each node's for itself: all of them, or
        the first two. So what a sampler plants, such as a needle that is there to be found, is not.
      loopless: Whether pairs of a node with itself are taken out of masks: all, or half of them.
    """

    name: str
    laws: Mapping[str, Any] = field(default_factory=dict)
    rounded: bool = False
    redrawn: bool = False
    loopless: bool = False

    def sample(self, algorithm: Algorithm, key: KeyArray, count: int, size: int) -> Probes:
        """Draws a batch of inputs. Of changed ones those outside the domain are left out.

        Few of many may be left, and stand several times; none if all are outside.

        Raises:
          InputError: `count` or `size` is too small, or the sampler takes no such law.
        """
        if count < 1:
            raise InputError(f"`count` is {count}: draw at least one instance.")
        laws: dict[str, Any] = {
            name: law(size) if callable(law) else law for name, law in self.laws.items()
        }
        wide = bool(jax.config.read("jax_enable_x64"))
        ordered = tuple(sorted(laws.items()))
        keys = np.asarray(jax.random.key_data(jax.random.split(key, count)))
        draw = sampler(algorithm, size, ordered, wide, str(jax.random.key_impl(key)))
        drawn = jax.device_get([draw(words) for words in keys])
        host = {name: np.stack([one[name] for one in drawn]) for name in drawn[0]}
        if not (self.rounded or self.redrawn or self.loopless):
            return {name: jnp.asarray(value) for name, value in host.items()}
        rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        for probe in algorithm.spec.inputs:
            host[probe.name] = self._changed(probe, host[probe.name], rng)
        valid = [b for b in range(count) if is_valid(algorithm, host, b)]
        if not valid:
            return {name: jnp.asarray(value[:0]) for name, value in host.items()}
        chosen = np.resize(np.array(valid), count)
        return {name: jnp.asarray(value[chosen]) for name, value in host.items()}

    def _changed(self, probe: Probe, value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Other values of a probe, `[b, ...]`."""
        half = (np.arange(len(value)) % 2 == 0).reshape(-1, *(1,) * (value.ndim - 1))
        if self.redrawn and _is_class(probe):
            assert probe.classes is not None
            drawn = rng.integers(0, probe.classes, value.shape)
            value = (drawn % np.where(half, probe.classes, 2)).astype(value.dtype)
        if self.rounded and probe.kind is Kind.SCALAR and probe.name != ORDER:
            value = np.round(value * 4) / 4
        if self.rounded and probe.kind is Kind.CATEGORICAL:
            value = value % 2
        if self.loopless and _is_pair_mask(probe):
            stays = (rng.random(value.shape) < 0.5) & ~half
            value = value & (stays | ~np.eye(value.shape[1], dtype=bool))
        return value


@functools.lru_cache(maxsize=256)
def sampler(
    algorithm: Algorithm, size: int, laws: tuple[tuple[str, Any], ...], wide: bool, impl: str
) -> Callable[[np.ndarray], Probes]:
    """What draws an instance, compiled without optimisation: it is called a few times only.

    Most of the time of drawing is that of compiling, as each law and size is a program of its own.
    One that draws a batch takes longer to compile, and would be one for each number of instances.

    Args:
      algorithm: What is sampled.
      size: The size of the instance.
      laws: The arguments of the sampler.
      wide: Whether numbers are in float64; it tells apart what is compiled.
      impl: The kind of key, whose words it is called with.
    """
    del wide
    check_size(algorithm.name, size, min_size=algorithm.min_size)
    check_laws(algorithm.name, algorithm.sampler, dict(laws))

    @jax.jit
    def draw(words: Array) -> Probes:
        key = jax.random.wrap_key_data(words, impl=impl)
        return dict(algorithm.sampler(key, size=size, **dict(laws)))

    lowered = draw.lower(jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0, impl=impl))))
    options: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}
    return lowered.compile(compiler_options=options)


def _is_class(probe: Probe) -> bool:
    return probe.kind is Kind.CATEGORICAL and probe.location is Location.NODE


def _is_pair_mask(probe: Probe) -> bool:
    return probe.kind is Kind.MASK and probe.location is Location.EDGE


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
    for family, is_changed in (
        (Family("its own law, classes redrawn", own, redrawn=True), _is_class),
        (
            Family("without loops", {**own, **_dense(algorithm)}, loopless=True),
            _is_pair_mask,
        ),
    ):
        if any(map(is_changed, algorithm.spec.inputs)) and _is_allowed(algorithm, family):
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
        directed = () if law.directed else (ErdosRenyi(0.5, directed=True),)
        return (*_GRAPHS, *directed, *_denser(law))
    return ()


def _denser(law: Any) -> tuple[ErdosRenyi, ...]:
    """Graphs of all densities, where a law draws sparse ones alone."""
    if isinstance(law, ErdosRenyi) and isinstance(law.p, float) and law.p < 0.5:
        return (dataclasses.replace(law, p=_TENTHS),)
    return ()


def _dense(algorithm: Algorithm) -> dict[str, Any]:
    """The laws of graphs of all densities, by the name of the sampler's argument."""
    parameters = inspect.signature(algorithm.sampler).parameters.items()
    return {name: law for name, p in parameters for law in _denser(p.default)}


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
