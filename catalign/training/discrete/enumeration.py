"""All instances of a small size, where the types of the inputs allow to list them."""

import inspect
import itertools
from collections.abc import Iterator

import numpy as np

from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Kind, Location, Probe
from catalign.distributions.graph import AbstractGraphLaw
from catalign.distributions.weight import AbstractWeightLaw
from catalign.nn.discrete.signature import ORDER
from catalign.training.discrete.family import is_valid

Instance = dict[str, np.ndarray]

LIMIT = 20_000
"""How many instances of one size are listed at most, valid ones or not."""


def statement(algorithm: Algorithm) -> str:
    """What the instances of `instances` are, in words."""
    parts = []
    for probe in _listed(algorithm):
        what = {
            Kind.SCALAR: f"`{probe.name}` over n equidistant values",
            Kind.MASK: f"every `{probe.name}`",
            Kind.MASK_ONE: f"every `{probe.name}`",
            Kind.CATEGORICAL: f"every `{probe.name}`",
        }[probe.kind]
        parts.append(what)
    weights = [p.name for p in algorithm.spec.inputs if _is_weight(p)]
    parts += [f"one fixed `{name}` with distinct values" for name in weights]
    return ", ".join(parts)


def _listed(algorithm: Algorithm) -> list[Probe]:
    return [p for p in algorithm.spec.inputs if p.name != ORDER and not _is_weight(p)]


def _is_weight(probe: Probe) -> bool:
    return probe.location is Location.EDGE and probe.kind is Kind.SCALAR


def _draws_weights(algorithm: Algorithm) -> bool:
    """Whether edges weigh anything: a sampler that draws graphs, but no weights, says no."""
    parameters = inspect.signature(algorithm.sampler).parameters.values()
    laws = [parameter.default for parameter in parameters]
    graphs = any(isinstance(law, AbstractGraphLaw) for law in laws)
    return not graphs or any(isinstance(law, AbstractWeightLaw) for law in laws)


def count(algorithm: Algorithm, n: int) -> int:
    """How many instances of a size there are to list, before those outside the domain are left out.

    Zero where an input's type is not listed.
    """
    total = 1
    for probe in _listed(algorithm):
        places = n**probe.location.rank
        match probe.kind:
            case Kind.MASK:
                total *= 2**places
            case Kind.MASK_ONE:
                total *= n
            case Kind.CATEGORICAL:
                total *= (probe.classes or 1) ** places
            case Kind.SCALAR:
                total *= n**places
            case _:
                return 0
    return total


def largest(algorithm: Algorithm) -> int:
    """The largest size whose instances can be listed; 0 if there is none."""
    n = 0
    while 0 < count(algorithm, n + 1) <= LIMIT and n < 12:
        n += 1
    return n if n >= algorithm.min_size else 0


def instances(algorithm: Algorithm, n: int, *, drawn: bool = False) -> Instance:
    """All instances of a size within the algorithm's domain, as one batch; empty if none is.

    Args:
      algorithm: The algorithm.
      n: The size.
      drawn: Whether edges weigh 1 where the algorithm's sampler draws no weights.
    """
    distinct = not drawn or _draws_weights(algorithm)
    listed = _listed(algorithm)
    columns = [list(_values(p, n)) for p in listed]
    found: list[Instance] = []
    for values in itertools.product(*columns):
        instance = {p.name: value for p, value in zip(listed, values, strict=True)}
        for probe in algorithm.spec.inputs:
            if probe.name == ORDER:
                instance[ORDER] = np.arange(n) / n
            elif _is_weight(probe):
                instance[probe.name] = _weights(instance, n, distinct=distinct)
        found.append(instance)
    batch = {name: np.stack([i[name] for i in found]) for name in found[0]}
    valid = [b for b in range(len(found)) if is_valid(algorithm, batch, b)]
    return {name: value[valid] for name, value in batch.items()} if valid else {}


def _values(probe: Probe, n: int) -> Iterator[np.ndarray]:
    shape = (n,) * probe.location.rank
    places = int(np.prod(shape, dtype=int))
    match probe.kind:
        case Kind.MASK_ONE:
            yield from (np.asarray(i, np.int32) for i in range(n))
        case Kind.MASK:
            for bits in itertools.product((False, True), repeat=places):
                yield np.array(bits).reshape(shape)
        case Kind.CATEGORICAL:
            for classes in itertools.product(range(probe.classes or 1), repeat=places):
                yield np.array(classes, np.int32).reshape(shape)
        case _:
            for ranks in itertools.product(range(n), repeat=places):
                yield np.array(ranks, float).reshape(shape) / _unit(n)


def _weights(instance: Instance, n: int, *, distinct: bool) -> np.ndarray:
    """Weights on the edges of the mask, or on all pairs; symmetric where it is."""
    adj = next((v for v in instance.values() if v.shape == (n, n)), np.ones((n, n), bool))
    if not distinct:
        return adj.astype(float)
    i, j = np.indices((n, n))
    low, high = np.minimum(i, j), np.maximum(i, j)
    place = low * n + high if (adj == adj.T).all() else i * n + j
    return np.where(adj, ((place * 7) % (n * n) + 1) / _unit(n * n + 1), 0.0)


def _unit(count: int) -> int:
    """The least power of two that is no less: sums and products of a few such parts are exact.

    So whether two of them are equal is a matter of the numbers, and not of the order of rounding.
    """
    return 1 << (count - 1).bit_length()
