"""All-pairs shortest paths (Cormen et al., chapter 25)."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._errors import InputError
from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import GRAPH, check_adjacency, edge_costs
from catalign.algorithms.sampling import sample_weighted
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import AbstractGraphLaw, ErdosRenyi
from catalign.distributions.weight import AbstractWeightLaw, BenchmarkWeights

_GRAPH = ErdosRenyi(0.5)
_WEIGHTS = BenchmarkWeights()


class Pairs(NamedTuple):
    """The state of Floyd-Warshall.

    Attributes:
      D: The distance of each pair by paths whose inner nodes are below k; 0 where there is none.
      Pi: The node before the last on that path.
      msk: Whether there is such a path.
      k: The next inner node.
    """

    D: Float[Array, "n n"]
    Pi: Int[Array, "n n"]
    msk: Bool[Array, "n n"]
    k: Index


def _init(inputs: Probes) -> Pairs:
    n = inputs["pos"].shape[0]
    nodes = jnp.arange(n, dtype=jnp.int32)
    return Pairs(
        D=inputs["A"],
        Pi=jnp.broadcast_to(nodes[:, None], (n, n)),
        msk=inputs["adj"] | (nodes[:, None] == nodes[None, :]),
        k=jnp.int32(0),
    )


def _step(inputs: Probes, state: Pairs) -> Pairs:
    """Every pair i, j tries the way through k, which keeps the end of the path from k to j."""
    del inputs
    D, Pi, msk, k = state
    through = D[:, k][:, None] + D[k][None, :]
    possible = msk[:, k][:, None] & msk[k][None, :]
    better = possible & (~msk | (through < D))
    return Pairs(
        D=jnp.where(better, through, D),
        Pi=jnp.where(better, Pi[k][None, :], Pi),
        msk=msk | possible,
        k=k + 1,
    )


def _done(inputs: Probes, state: Pairs) -> Flag:
    return state.k == inputs["pos"].shape[0] - 1


def _sample(
    key: KeyArray,
    size: int,
    *,
    graph: AbstractGraphLaw = _GRAPH,
    weights: AbstractWeightLaw = _WEIGHTS,
) -> Probes:
    return sample_weighted(key, size, graph, weights)


def _check(inputs: HostProbes) -> None:
    """The domain: consistent edges, and no cycle of negative weight."""
    check_adjacency("floyd_warshall", inputs)
    if (inputs["A"] >= 0).all():
        return
    d = edge_costs(inputs)
    for k in range(d.shape[-1]):
        d = np.minimum(d, d[:, :, k, None] + d[:, None, k, :])
    bad = np.einsum("bii->bi", d) < 0
    if bad.any():
        b, v = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs['A']` of floyd_warshall has a cycle of negative weight through node {v} of "
            f"instance {b}. Shortest paths exist only without such cycles."
        )


floyd_warshall = Algorithm(
    name="floyd_warshall",
    spec=Spec(
        *GRAPH,
        Probe("Pi_h", Stage.HINT, Location.EDGE, Kind.POINTER),
        Probe("D", Stage.HINT, Location.EDGE, Kind.SCALAR),
        Probe("msk", Stage.HINT, Location.EDGE, Kind.MASK),
        Probe("k", Stage.HINT, Location.NODE, Kind.MASK_ONE),
        Probe("Pi", Stage.OUTPUT, Location.EDGE, Kind.POINTER),
    ),
    sampler=_sample,
    init=_init,
    step=_step,
    done=_done,
    hints=lambda inputs, state: {"Pi_h": state.Pi, "D": state.D, "msk": state.msk, "k": state.k},
    # The last hint shows the state before the last node was tried.
    outputs=lambda inputs, state: {"Pi": _step(inputs, state).Pi},
    max_steps=lambda n: n,
    source="Floyd 1962; Warshall 1962; Cormen et al., Introduction to Algorithms, 25.2",
    validate=_check,
)
"""Floyd-Warshall: each hint shows the paths with inner nodes below k."""
