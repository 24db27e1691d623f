"""Heapsort (Cormen et al., chapter 6), with the heap as an order of the nodes.

As in `sorting`, the keys stay at their nodes and `order` holds the node at each place of the book's
array A. Places count from 0: the children of place k are 2k + 1 and 2k + 2.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import put
from catalign.algorithms.chain import PRED_H, chain, relink
from catalign.algorithms.inputs import POS
from catalign.algorithms.sorting import KEY, PRED, node_hint, sample_keys
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage

BUILD, EXTRACT, SIFT = 0, 1, 2


class _Heapsort(NamedTuple):
    """The heap and where MAX-HEAPIFY stands.

    It was called at `root`, has sunk to `place`, and found `largest` among that place and its
    children; if they differ, the two were swapped and it goes on at `largest`.
    """

    order: Int[Array, " n"]
    pred: Int[Array, " n"]
    parent: Int[Array, " n"]
    root: Index
    place: Index
    largest: Index
    heap_size: Index
    phase: Index


def _start(inputs: Probes) -> _Heapsort:
    n = inputs["key"].shape[0]
    place = jnp.arange(n, dtype=jnp.int32)
    last = jnp.int32(n - 1)
    return _Heapsort(
        order=place,
        pred=chain(n),
        parent=jnp.maximum(place - 1, 0) // 2,
        root=jnp.int32(n),
        place=last,
        largest=last,
        heap_size=jnp.int32(n),
        phase=jnp.int32(BUILD),
    )


def _step(inputs: Probes, state: _Heapsort) -> _Heapsort:
    """One level of MAX-HEAPIFY, or one extraction of the greatest key.

    While the last level swapped, sink further. Else, BUILD calls MAX-HEAPIFY at the place before,
    down to 0; from then on each extraction (EXTRACT) is followed by MAX-HEAPIFY at the root (SIFT).
    """
    sinks = state.largest != state.place
    extracts = ~sinks & jnp.where(state.phase == BUILD, state.root == 0, state.phase == SIFT)
    heap_size = state.heap_size - extracts.astype(jnp.int32)
    root = jnp.where(~sinks & ~extracts & (state.phase == BUILD), state.root - 1, state.root)
    place = jnp.where(sinks, state.largest, root)
    largest = jnp.where(extracts, 0, _largest(inputs["key"], state.order, place, heap_size))
    swapped = jnp.where(extracts, heap_size, largest)
    order = _swap(state.order, place, swapped)
    return _Heapsort(
        order=order,
        pred=relink(state.pred, order, (place, place + 1, swapped, swapped + 1)),
        parent=_reparent(state.parent, order, heap_size, (place, swapped)),
        root=root,
        place=place,
        largest=largest,
        heap_size=heap_size,
        phase=jnp.where(extracts, EXTRACT, jnp.where(state.phase == EXTRACT, SIFT, state.phase)),
    )


def _largest(key: Array, order: Int[Array, " n"], place: Index, heap_size: Index) -> Index:
    """The place with the greatest key among `place` and its children in the heap."""
    left, right = 2 * place + 1, 2 * place + 2
    at = jnp.minimum(jnp.stack([place, left, right]), order.shape[0] - 1)
    here, on_left, on_right = key[order[at]]
    rises = (left < heap_size) & (on_left > here)
    largest, greatest = jnp.where(rises, left, place), jnp.where(rises, on_left, here)
    return jnp.where((right < heap_size) & (on_right > greatest), right, largest)


def _swap(order: Int[Array, " n"], a: Index, b: Index) -> Int[Array, " n"]:
    return put(put(order, a, order[b]), b, order[a])


def _reparent(
    parent: Int[Array, " n"], order: Int[Array, " n"], heap_size: Index, moved: tuple[Index, Index]
) -> Int[Array, " n"]:
    """Mends the parent pointers of the nodes at two places and of the children of both.

    The root and the nodes that have left the heap point to themselves.
    """
    last = order.shape[0] - 1
    place = jnp.stack([k for p in moved for k in (p, 2 * p + 1, 2 * p + 2)])
    above = jnp.where(place < heap_size, jnp.maximum(place - 1, 0) // 2, place)
    nodes, parents = order[jnp.minimum(place, last)], order[jnp.minimum(above, last)]
    for k in range(6):
        parent = put(parent, nodes[k], parents[k], when=place[k] <= last)
    return parent


def _done(inputs: Probes, state: _Heapsort) -> Flag:
    at_rest = (state.largest == state.place) & (state.phase != EXTRACT) & (state.root == 0)
    return at_rest & (state.heap_size == 1)


def _hints(inputs: Probes, state: _Heapsort) -> Probes:
    order, heap_size = state.order, state.heap_size
    extracting = state.phase == EXTRACT
    outer = jnp.where(state.phase == SIFT, heap_size, state.root)
    outer = jnp.minimum(outer, order.shape[0] - 1)
    inner = jnp.where(extracting, heap_size, state.place)
    i, j, largest, last = order[jnp.stack([outer, inner, state.largest, heap_size - 1])]
    return {
        "pred_h": state.pred,
        "parent": state.parent,
        "i": i,
        "j": j,
        # The benchmark parks this hint on node 0, not on place 0, while MAX-HEAPIFY is idle.
        "largest": jnp.where(extracting, 0, largest),
        "heap_size": last,
        "phase": state.phase,
    }


def _max_steps(n: int) -> int:
    # MAX-HEAPIFY shows one hint for each level down to a leaf.
    levels = [1 + _height(k, n) for k in range(n)]
    return 1 + sum(levels) + sum(1 + size.bit_length() for size in range(1, n))


def _height(place: int, heap_size: int) -> int:
    """The number of swaps that sink a key from a place to a leaf, at most."""
    height = 0
    while (place := 2 * place + 1) < heap_size:
        height += 1
    return height


heapsort = Algorithm(
    name="heapsort",
    spec=Spec(
        POS,
        KEY,
        PRED_H,
        Probe("parent", Stage.HINT, Location.NODE, Kind.POINTER),
        node_hint("i"),
        node_hint("j"),
        node_hint("largest"),
        node_hint("heap_size"),
        Probe("phase", Stage.HINT, Location.GRAPH, Kind.CATEGORICAL, classes=3),
        PRED,
    ),
    sampler=sample_keys,
    init=_start,
    step=_step,
    done=_done,
    hints=_hints,
    outputs=lambda inputs, state: {"pred": state.pred},
    max_steps=_max_steps,
    source="Cormen et al., Introduction to Algorithms, chapter 6",
)
"""Heapsort. `parent` is the heap, `heap_size` its last node, `j` where MAX-HEAPIFY stands. `i` is
the place of the outer loop: where MAX-HEAPIFY began, or the place that the last extraction filled;
an extraction itself shows the nodes that it swaps as `i` and `j`."""
