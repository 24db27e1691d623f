"""Encoders: from the features of probes to latent fields on nodes, node pairs and the graph."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign._typing import Probes
from catalign.algorithms.spec import Kind, Location, Probe

POINTERS = (Kind.POINTER, Kind.SHOULD_BE_PERMUTATION)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Latent:
    """Latent fields of one width on the three sorts of a dense graph of n nodes.

    Attributes:
      node: A field on `V`.
      edge: A field on `V*V`, the sender first.
      graph: A field on `ONE`.
    """

    node: Float[Array, "n w"]
    edge: Float[Array, "n n w"]
    graph: Float[Array, " w"]

    def __add__(self, other: "Latent") -> "Latent":
        return jax.tree.map(jnp.add, self, other)


class Encoder(nnx.Module):
    """One linear map for each probe, added up over the probes that live on the same sort.

    A pointer at the nodes is a relation between nodes, so that its features live on `V*V`. One at
    the edges relates both ends of a pair to its target: its features, on `V*V*V`, are averaged
    over the other end.

    Args:
      probes: What to encode: all inputs, or all hints.
      width: The width of the latent fields.
      invert_pointers: Whether a pointer from v to j is also read at (j, v).
      rngs: Parameter keys.

    Source: the encode step of Velickovic et al. 2022, arXiv 2205.15659, section 3.
    """

    def __init__(
        self,
        probes: tuple[Probe, ...],
        width: int,
        *,
        invert_pointers: bool = False,
        rngs: nnx.Rngs,
    ) -> None:
        self.probes = probes
        self.width = width
        self.linear = nnx.Dict(
            {p.name: nnx.Linear(p.classes or 1, width * _parts(p), rngs=rngs) for p in probes}
        )
        inverted = [p for p in probes if invert_pointers and is_node_pointer(p)]
        self.inverse = nnx.Dict({p.name: nnx.Linear(1, width, rngs=rngs) for p in inverted})

    def __call__(self, features: Probes, n: int) -> Latent:
        """Encodes the features of one instance of n nodes."""
        fields: dict[Location, list[Array]] = {location: [] for location in Location}
        for probe in self.probes:
            values = self.linear[probe.name](features[probe.name])
            if probe.kind in POINTERS and probe.location is Location.EDGE:
                first, second = jnp.split(values, 2, axis=-1)
                fields[Location.EDGE].append(first.mean(axis=1) + second.mean(axis=0))
            else:
                fields[_encoded_at(probe)].append(values)
            if probe.name in self.inverse:
                reversed_features = jnp.swapaxes(features[probe.name], 0, 1)
                fields[Location.EDGE].append(self.inverse[probe.name](reversed_features))
        dtype = jax.dtypes.canonicalize_dtype(float)
        shapes = {
            Location.NODE: (n, self.width),
            Location.EDGE: (n, n, self.width),
            Location.GRAPH: (self.width,),
        }
        node, edge, graph = (sum(fields[at], start=jnp.zeros(shapes[at], dtype)) for at in shapes)
        return Latent(node, edge, graph)


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
