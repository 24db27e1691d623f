"""Algorithms on edge lists: what they read, the checks of their domain, and the samplers.

A sparse instance lists its edges: `senders` and `receivers` hold a node at each edge, and weights
`A` a number. The edges may come in any order; a place with `n` at both ends holds no edge. Nothing
here or in a sparse algorithm has n x n places: a state has O(n + e), and a step takes O(n + e).
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool

from catalign._errors import InputError, ShapeMismatchError
from catalign._typing import Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import HostProbes, check_inputs, is_concrete, stored
from catalign.algorithms.inputs import POS, SOURCE, positions
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.edge_list import AbstractEdgeListLaw, edge_weights
from catalign.distributions.weight import AbstractWeightLaw

SENDERS = Probe("senders", Stage.INPUT, Location.EDGE, Kind.POINTER)
RECEIVERS = Probe("receivers", Stage.INPUT, Location.EDGE, Kind.POINTER)
WEIGHT = Probe("A", Stage.INPUT, Location.EDGE, Kind.SCALAR)

LISTED = (POS, SENDERS, RECEIVERS)
"""The inputs of an algorithm on an edge list."""
LISTED_AND_SOURCE = (POS, SOURCE, SENDERS, RECEIVERS)
"""The inputs of an algorithm on an edge list that starts at a source."""
WEIGHTED_AND_SOURCE = (*LISTED_AND_SOURCE, WEIGHT)
"""The inputs of an algorithm on a weighted edge list that starts at a source."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SparseAlgorithm(Algorithm):
    """An algorithm whose edges are those of a list.

    It is an `Algorithm` whose probes at `Location.EDGE` have one axis, of e places, instead of two
    of n. Its inputs hold `senders` and `receivers`; its hints and outputs lie at the nodes or the
    graph, so that a trace of T steps takes O(T n) places.

    Raises:
      InputError: The spec lacks `senders` or `receivers`, or shows a hint or output at the edges.

    Example:
      >>> from catalign.algorithms.sparse_catalogue import get_sparse
      >>> path = {"senders": jnp.array([0, 1]), "receivers": jnp.array([1, 2])}
      >>> inputs = path | {"pos": positions(3), "s": 0}
      >>> get_sparse("bfs").trace(inputs).outputs["pi"].tolist()
      [0, 0, 1]
    """

    def __post_init__(self) -> None:
        missing = [p.name for p in (SENDERS, RECEIVERS) if p not in self.spec.probes]
        shown = [str(p) for p in self.spec.hints + self.spec.outputs if p.location is Location.EDGE]
        if missing or shown:
            raise InputError(
                f"`spec` of {self.name} lacks {', '.join(missing) or 'no input'} and shows "
                f"{', '.join(shown) or 'nothing'} at the edges. A sparse algorithm reads "
                "`senders` and `receivers`, and shows values at the nodes and the graph."
            )

    def _checked(self, inputs: Probes, steps: int | None) -> tuple[dict[str, Array], int]:
        check_listed(self.name, self.spec, inputs, min_size=self.min_size)
        if self.validate is not None and is_concrete(inputs):
            self.validate({name: np.asarray(value) for name, value in inputs.items()})
        length = self.max_steps(self.size(inputs)) if steps is None else steps
        if length < 1:
            raise InputError(f"`steps` is {length}: a trace has at least one step.")
        return {p.name: stored(p, inputs[p.name]) for p in self.spec.inputs}, length


def check_listed(name: str, spec: Spec, inputs: Probes, *, min_size: int) -> None:
    """Raises unless a batch of sparse inputs fits a spec.

    Raises:
      InputError: As `check_inputs`; or an end of an edge is not a node, or only one end of a place
        is `n`.
      ShapeMismatchError: As `check_inputs`; or the probes at the edges differ in their number.
    """
    edges = [p for p in spec.inputs if p.location is Location.EDGE]
    others = Spec(*(p for p in spec.inputs if p not in edges), *spec.outputs)
    listed = {p.name for p in edges} & set(inputs)
    if len(listed) < len(edges):
        # Spoken of together with the others, by the check of dense inputs.
        check_inputs(name, spec, inputs, min_size=min_size)
    rest = {key: value for key, value in inputs.items() if key not in listed}
    check_inputs(name, others, rest, min_size=min_size)
    lead = np.shape(inputs[POS.name])[:1]
    shapes = {p.name: np.shape(inputs[p.name]) for p in edges}
    shape = shapes[SENDERS.name]
    if set(shapes.values()) != {shape} or len(shape) != 2 or shape[:1] != lead:
        raise ShapeMismatchError(
            f"The inputs of {name} at the edges have shapes "
            f"{', '.join(f'{key}: {value}' for key, value in shapes.items())}; each must have one "
            f"value for each edge, and the batch {lead}."
        )
    if is_concrete(inputs):
        n = np.shape(inputs[POS.name])[-1]
        _check_edges(name, {p.name: np.asarray(inputs[p.name]) for p in edges}, n)


def _check_edges(name: str, edges: HostProbes, n: int) -> None:
    for key in (SENDERS.name, RECEIVERS.name):
        values = edges[key]
        if not np.issubdtype(values.dtype, np.integer):
            raise ShapeMismatchError(
                f"`inputs[{key!r}]` of {name} has dtype {values.dtype}, but a node is an int32."
            )
        bad = (values < 0) | (values > n)
        if bad.any():
            raise InputError(
                f"`inputs[{key!r}]` of {name} is {values[bad][0]} at {_where(bad)}, outside 0 to "
                f"{n - 1} (or {n} at both ends of a place without an edge)."
            )
    half = (edges[SENDERS.name] == n) != (edges[RECEIVERS.name] == n)
    if half.any():
        raise InputError(
            f"The inputs of {name} have an edge with only one end, at {_where(half)}: the other is "
            f"{n}, the number of nodes. Both ends are {n} in a place without an edge."
        )
    weights = edges.get(WEIGHT.name)
    if weights is not None and not np.isfinite(weights).all():
        bad = ~np.isfinite(weights)
        raise InputError(
            f"`inputs['A']` of {name} is {weights[bad][0]} at {_where(bad)}. Every weight must be "
            "finite."
        )


def check_nonnegative(name: str, inputs: HostProbes) -> None:
    """Raises unless the weights of all edges are at least 0.

    Raises:
      InputError: `A` has a negative weight.
    """
    bad = (inputs["A"] < 0) & (inputs["receivers"] < inputs["pos"].shape[-1])
    if bad.any():
        b, e = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs['A']` of {name} is {inputs['A'][b, e]} at edge {inputs['senders'][b, e]} -> "
            f"{inputs['receivers'][b, e]} of instance {b}. {name} needs weights of at least 0; "
            "sparse_bellman_ford allows negative ones."
        )


def check_undirected(name: str, inputs: HostProbes) -> None:
    """Raises unless every edge is listed in both directions, with one weight.

    Raises:
      InputError: An edge lacks its reverse, or its reverse has another weight.
    """
    n = inputs["pos"].shape[-1]
    weights = np.asarray(inputs.get("A", np.zeros_like(inputs["senders"])))
    for b, (s, r) in enumerate(zip(inputs["senders"], inputs["receivers"], strict=True)):
        there = np.stack([s.astype(float), r.astype(float), weights[b].astype(float)])
        back = there[[1, 0, 2]]
        there, back = (x[:, np.lexsort(x[::-1])] for x in (there, back))
        bad = (there != back).any(axis=0)
        if bad.any():
            # Of two sorted lists that differ, the lesser entry is missing from the other list.
            mine, theirs = tuple(there[:, bad][:, 0]), tuple(back[:, bad][:, 0])
            u, v, w = mine if mine < theirs else (theirs[1], theirs[0], theirs[2])
            raise InputError(
                f"The inputs of {name} list the edge {int(u)} -> {int(v)} of weight {w} but not "
                f"{int(v)} -> {int(u)} of that weight (instance {b}, {n} nodes). {name} is for "
                "undirected graphs: list both directions of each edge."
            )


def _where(bad: np.ndarray) -> str:
    return f"index {tuple(int(i) for i in np.argwhere(bad)[0])}"


def leaving(inputs: Probes, u: Index) -> Bool[Array, " e"]:
    """Which edges leave a node."""
    return inputs["senders"] == u


def least_at_receivers(inputs: Probes, values: Array) -> Array:
    """The least value over the edges that enter each node; the greatest number of the type if none.

    Maths: `x_v = min {values_e : receiver(e) = v}`.

    Example:
      >>> inputs = {"pos": jnp.zeros(2), "receivers": jnp.array([0, 0, 2])}
      >>> least_at_receivers(inputs, jnp.array([3.0, 1.0, 0.0])).tolist()
      [1.0, inf]
    """
    return jax.ops.segment_min(values, inputs["receivers"], inputs["pos"].shape[0])


def first_sender(inputs: Probes, usable: Bool[Array, " e"]) -> Array:
    """The least sender over the usable edges that enter each node; `n` or more if there is none."""
    n = inputs["pos"].shape[0]
    return least_at_receivers(inputs, jnp.where(usable, inputs["senders"], jnp.int32(n)))


def sample_listed(key: KeyArray, size: int, graph: AbstractEdgeListLaw) -> dict[str, Array]:
    """Draws the inputs `pos`, `senders` and `receivers` of a graph."""
    edges = graph.sample(key, size)
    return {"pos": positions(size), "senders": edges.senders, "receivers": edges.receivers}


def sample_listed_weighted(
    key: KeyArray, size: int, graph: AbstractEdgeListLaw, weights: AbstractWeightLaw
) -> dict[str, Array]:
    """Draws the inputs `pos`, `senders`, `receivers` and `A` of a weighted graph."""
    drawn, lengths = jax.random.split(key)
    edges = graph.sample(drawn, size)
    return {
        "pos": positions(size),
        "senders": edges.senders,
        "receivers": edges.receivers,
        "A": edge_weights(weights, lengths, edges, directed=graph.directed),
    }


def check_undirected_law(name: str, graph: AbstractEdgeListLaw) -> None:
    """Raises unless a law draws undirected graphs.

    Raises:
      InputError: It draws directed ones.
    """
    if graph.directed:
        raise InputError(
            f"`graph` of {name} is {graph}, which draws directed graphs, but {name} is for "
            "undirected ones. Give a law without `directed=True`."
        )
