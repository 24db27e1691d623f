"""Encoders: from the features of probes to latent fields on nodes, node pairs and the graph."""

import functools
import operator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign._typing import Probes, PyTree
from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.nn.linear import Linear
from catalign.nn.option import PointerReading, ScalarStart
from catalign.nn.pair import PairField

POINTERS = (Kind.POINTER, Kind.SHOULD_BE_PERMUTATION)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Latent:
    """Latent fields of one width on the three sorts of a dense graph of n nodes.

    Attributes:
      node: A field on `V`.
      edge: A field on `V*V`, the sender first, as the channels that it is a linear image of.
      graph: A field on `ONE`.
    """

    node: Float[Array, "n w"]
    edge: PairField
    graph: Float[Array, " w"]

    def __add__(self, other: "Latent") -> "Latent":
        return Latent(self.node + other.node, self.edge + other.edge, self.graph + other.graph)

    def split(self) -> tuple[PyTree, PyTree]:
        """What differs between the instances of a batch, and what they share; see `join`."""
        return (
            (self.node, self.edge.features, self.graph),
            (self.edge.kernel, self.edge.bias),
        )

    @classmethod
    def join(cls, own: PyTree, shared: PyTree) -> "Latent":
        """The inverse of `split`."""
        node, features, graph = own
        return cls(node, PairField(features, *shared), graph)


class Encoder(nnx.Module):
    """One linear map for each probe, added up over the probes that live on the same sort.

    A pointer at the nodes is a relation between nodes, so that its features live on `V*V`. One at
    the edges relates both ends of a pair to its target: its features, on `V*V*V`, are averaged
    over the other end.

    Args:
      probes: What to encode: all inputs, or all hints.
      width: The width of the latent fields.
      pointers: Where a pointer of the nodes, from v to j, is read.
      scalar_start: How the weights of scalar hints are drawn.
      rngs: Parameter keys.

    Source: the encode step of Velickovic et al. 2022, arXiv 2205.15659, section 3.
    """

    def __init__(
        self,
        probes: tuple[Probe, ...],
        width: int,
        *,
        pointers: PointerReading = PointerReading.FORWARD,
        scalar_start: ScalarStart = ScalarStart.LECUN,
        rngs: nnx.Rngs,
    ) -> None:
        xavier = nnx.initializers.truncated_normal(width**-0.5)
        lecun = nnx.initializers.lecun_normal()

        def linear(probe: Probe) -> Linear:
            is_scalar_hint = probe.stage is Stage.HINT and probe.kind is Kind.SCALAR
            start = xavier if scalar_start is ScalarStart.XAVIER and is_scalar_hint else lecun
            fields = width * _parts(probe)
            return Linear(probe.classes or 1, fields, kernel_init=start, rngs=rngs)

        self.probes = probes
        self.width = width
        self.linear = nnx.Dict({p.name: linear(p) for p in probes})
        self.pointers = pointers
        both = pointers is PointerReading.BOTH
        inverted = [p for p in probes if both and is_node_pointer(p)]
        self.inverse = nnx.Dict({p.name: Linear(1, width, rngs=rngs) for p in inverted})

    def __call__(self, features: Probes, n: int) -> Latent:
        """Encodes the features of one instance of n nodes."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        node, graph = jnp.zeros((n, self.width), dtype), jnp.zeros(self.width, dtype)
        pairs = [PairField.empty(n, self.width, dtype)]
        for probe in self.probes:
            linear, values = self.linear[probe.name], features[probe.name]
            if self.pointers is PointerReading.REVERSED and is_node_pointer(probe):
                values = jnp.swapaxes(values, 0, 1)
            if probe.kind in POINTERS and probe.location is Location.EDGE:
                # The mean of the encoded triples is the encoding of their mean, n times smaller.
                both = jnp.concatenate([values.mean(axis=1), values.mean(axis=0)], axis=-1)
                pairs.append(_averaged(linear, both))
            elif _encoded_at(probe) is Location.EDGE:
                pairs.append(PairField.of(linear, values))
            elif _encoded_at(probe) is Location.NODE:
                node = node + linear(values)
            else:
                graph = graph + linear(values)
            if probe.name in self.inverse:
                pairs.append(PairField.of(self.inverse[probe.name], jnp.swapaxes(values, 0, 1)))
        return Latent(node, functools.reduce(operator.add, pairs), graph)


def _averaged(linear: nnx.Linear, means: Array) -> PairField:
    """What means over either end are encoded to, by a map from one channel to two fields."""
    kernel = jnp.concatenate(jnp.split(linear.kernel[...], 2, axis=-1))
    assert linear.bias is not None
    first, second = jnp.split(linear.bias[...], 2)
    return PairField(means, kernel, first + second)


def is_node_pointer(probe: Probe) -> bool:
    """Whether a probe maps each node to a node."""
    return probe.kind in POINTERS and probe.location is Location.NODE


def _parts(probe: Probe) -> int:
    """How many fields one probe is encoded to."""
    return 2 if probe.kind in POINTERS and probe.location is Location.EDGE else 1


def _encoded_at(probe: Probe) -> Location:
    """The sort on which the features of a probe live."""
    if probe.kind in POINTERS:
        return Location.EDGE if probe.location is Location.NODE else Location.NODE
    return probe.location
