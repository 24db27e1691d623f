"""Algorithms that relax edges from a source: diagram (6), in one semiring or another."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algebra.instances import lor_land, min_plus
from catalign.algebra.provenance import check_selective
from catalign.algebra.semiring import Semiring
from catalign.algorithms import elementary_graph, single_source
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment.alignment import Alignment, Instance
from catalign.integral.graph import DenseGraph
from catalign.polynomial import library

_STAY = 0


class Estimate(NamedTuple):
    """The state: a semiring value and a predecessor at each node."""

    value: Array
    pointer: Array


def align_relaxation(
    algorithm: Algorithm,
    semiring: Semiring,
    *,
    value: str | None = None,
    pointer: str | None = None,
    reached: str | None = None,
    answer: str | None = None,
    edges: str = "adj",
    weights: str | None = None,
    source: str = "s",
    seed: float | bool | None = None,
    blank: float = 0.0,
) -> Alignment:
    """Aligns an algorithm that relaxes all edges in each round with diagram (6).

    Maths: `x_v <- x_v + sum over edges u -> v of x_u w(u, v)`, from one at the source and zero
    elsewhere.

    A node keeps its value and its predecessor where no offer is better; of equal offers, that of
    the first sender wins. So provenance follows the tie-break of the classical loops.

    Args:
      algorithm: The algorithm, on a graph given by an edge mask and a source.
      semiring: One with a selective addition.
      value: The hint that shows the values, if any.
      pointer: The hint that shows the predecessors, if any; a node without one points to itself.
      reached: The hint that shows which values are nonzero, if any.
      answer: The output that shows the predecessors, if any.
      edges: The input with the edge mask, from sender to receiver.
      weights: The input with the edge weights; every weight is one if left out.
      source: The input with the source.
      seed: The value of the source; the semiring's one if left out.
      blank: What `value` shows where a value is zero.

    Raises:
      InputError: The algorithm has no probe of that name.
      UnsupportedError: The semiring blends its terms.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> from catalign.algorithms import get
      >>> names = dict(value="d", pointer="pi_h", reached="msk", answer="pi", weights="A")
      >>> print(align_relaxation(get("bellman_ford"), min_plus, **names))
      bellman_ford = bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V in min_plus, on every step

    Source: Dudzik & Velickovic 2022, equation (6).
    """
    check_selective(semiring)
    for name in (value, pointer, reached, answer, edges, weights, source):
        if name is not None and name not in [p.name for p in algorithm.spec]:
            raise InputError(f"{algorithm.name} has no probe {name!r} to align.")
    dtype = jnp.bool_ if semiring.dtype_kind == "bool" else None

    def begin(inputs: Probes) -> Estimate:
        nodes = jnp.arange(inputs[edges].shape[0], dtype=jnp.int32)
        start = semiring.one if seed is None else seed
        kind = dtype or (inputs[weights].dtype if weights else float)
        first = jnp.where(nodes == inputs[source], start, semiring.zero).astype(kind)
        return Estimate(first, nodes)

    def encode(inputs: Probes, state: Estimate) -> Instance:
        n = state.value.shape[0]
        mask = inputs[edges]
        weight = inputs[weights] if weights else jnp.full((n, n), semiring.one, state.value.dtype)
        # Node u offers under the label u + 1 and a node keeps its own value under the least label,
        # so that the smallest of equal labels is the tie-break of the loops.
        offers = jnp.broadcast_to(jnp.arange(1, n + 1, dtype=jnp.int32)[:, None], (n, n))
        fields = {
            "f": (state.value, jnp.full(n, -1, jnp.int32)),
            "b": (jnp.full_like(state.value, semiring.one), jnp.full(n, _STAY, jnp.int32)),
            "w": (weight, offers),
        }
        return Instance(fields=fields, graph=DenseGraph(mask=mask))

    def advance(inputs: Probes, state: Estimate, out: tuple[Array, Array]) -> Estimate:
        del inputs
        relaxed, label = out
        return Estimate(relaxed, jnp.where(label > _STAY, label - 1, state.pointer))

    def decode(inputs: Probes, state: Estimate) -> Probes:
        del inputs
        is_reached = state.value != semiring.zero
        shown = {pointer: state.pointer, reached: is_reached}
        if value is not None:
            shown[value] = jnp.where(is_reached, state.value, jnp.asarray(blank, state.value.dtype))
        return {name: x for name, x in shown.items() if name is not None}

    return Alignment(
        algorithm=algorithm,
        diagram=library.bellman_ford,
        semiring=semiring,
        begin=begin,
        encode=encode,
        advance=advance,
        decode=decode,
        answer=lambda inputs, state: {answer: state.pointer} if answer else {},
        with_provenance=True,
    )


bellman_ford = align_relaxation(
    single_source.bellman_ford,
    min_plus,
    value="d",
    pointer="pi_h",
    reached="msk",
    answer="pi",
    weights="A",
)
"""Bellman-Ford is diagram (6) in `min_plus`, and its predecessors are the provenance."""

bfs = align_relaxation(
    elementary_graph.bfs, lor_land, pointer="pi_h", reached="reach_h", answer="pi"
)
"""Breadth-first search is diagram (6) in `lor_land`, and its tree is the provenance."""
