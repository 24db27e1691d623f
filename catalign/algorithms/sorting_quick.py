"""Quicksort (Cormen et al., chapter 7), with the array as an order of the nodes.

As in `sorting`, the keys stay at their nodes and `order` holds the node at each place of the book's
array A.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from catalign._typing import Flag, Index, NodeValues, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import put
from catalign.algorithms.chain import PRED_H, chain, relink
from catalign.algorithms.inputs import POS
from catalign.algorithms.sorting import KEY, PRED, node_hint, sample_keys
from catalign.algorithms.spec import Spec


class Partition(NamedTuple):
    """The order of the nodes, and PARTITION at work on the places p to r.

    The keys at places p to `gap` - 1 are at most the pivot's, which waits at place r; those at
    `gap` to j are greater. Once j = r, the pivot stands at `gap`.
    """

    order: Int[Array, " n"]
    pred: Int[Array, " n"]
    p: Index
    r: Index
    gap: Index
    j: Index


def whole(n: int) -> Partition:
    """PARTITION of all places, about to look at the first."""
    zero = jnp.int32(0)
    order = jnp.arange(n, dtype=jnp.int32)
    return Partition(order, chain(n), p=zero, r=jnp.int32(n - 1), gap=zero, j=jnp.int32(-1))


def partition(key: NodeValues, state: Partition) -> Partition:
    """One turn of PARTITION's loop: moves the node at the next place j to the gap if its key fits.

    The book's last line, which swaps the pivot into the gap, is the turn j = r: its key is at most
    itself.
    """
    order, gap, j = state.order, state.gap, state.j + 1
    node = order[j]
    fits = key[node] <= key[order[state.r]]
    order = jnp.where(fits, put(put(order, j, order[gap]), gap, node), order)
    pred = relink(state.pred, order, (gap, gap + 1, j, j + 1))
    grows = fits & (j < state.r)
    return state._replace(order=order, pred=pred, gap=gap + grows.astype(jnp.int32), j=j)


class _Quicksort(NamedTuple):
    """PARTITION at work, the pivots that stand, and the places that come next.

    The recursion needs no stack: the pivots that stand cut the array into its open calls, and depth
    first, left before right, means that the leftmost one with two places or more comes next.
    """

    part: Partition
    settled: Bool[Array, " n"]
    next_p: Index
    next_r: Index


def _start(inputs: Probes) -> _Quicksort:
    n = inputs["key"].shape[0]
    first = whole(n)
    if n == 1:
        first = first._replace(j=first.r)
    start = _Quicksort(first, jnp.zeros(n, bool), jnp.int32(n), jnp.int32(n))
    return start if n == 1 else _step(inputs, start)


def _step(inputs: Probes, state: _Quicksort) -> _Quicksort:
    """One turn of PARTITION's loop, in the next call of QUICKSORT if the last one has ended."""
    part = state.part
    returns = part.j == part.r
    p = jnp.where(returns, state.next_p, part.p)
    part = part._replace(
        p=p,
        r=jnp.where(returns, state.next_r, part.r),
        gap=jnp.where(returns, p, part.gap),
        j=jnp.where(returns, p - 1, part.j),
    )
    part = partition(inputs["key"], part)
    settled = put(state.settled, part.gap, jnp.bool_(True), when=part.j == part.r)
    next_p, next_r = _leftmost_call(settled)
    return _Quicksort(part, settled, next_p, next_r)


def _leftmost_call(settled: Bool[Array, " n"]) -> tuple[Index, Index]:
    """The first and last place of the leftmost call with two places or more; n if there is none."""
    n = settled.shape[0]
    place = jnp.arange(n, dtype=jnp.int32)
    is_open = ~settled & ~jnp.roll(settled, -1) & (place < n - 1)
    p = jnp.min(jnp.where(is_open, place, n))
    r = jnp.min(jnp.where(settled & (place > p), place, n)) - 1
    return p, r


def _done(inputs: Probes, state: _Quicksort) -> Flag:
    return (state.part.j == state.part.r) & (state.next_p == inputs["key"].shape[0])


def _hints(inputs: Probes, state: _Quicksort) -> Probes:
    part = state.part
    order = part.order
    return {
        "pred_h": part.pred,
        "p": order[part.p],
        "r": order[part.r],
        "i": order[part.gap],
        "j": order[part.j],
    }


quicksort = Algorithm(
    name="quicksort",
    spec=Spec(
        POS, KEY, PRED_H, node_hint("p"), node_hint("r"), node_hint("i"), node_hint("j"), PRED
    ),
    sampler=sample_keys,
    init=_start,
    step=_step,
    done=_done,
    hints=_hints,
    outputs=lambda inputs, state: {"pred": state.part.pred},
    max_steps=lambda n: max(1, n * (n + 1) // 2 - 1),
    source="Cormen et al., Introduction to Algorithms, chapter 7",
)
"""Quicksort. `p` and `r` mark the ends of the call, `i` the gap and `j` the place looked at."""
