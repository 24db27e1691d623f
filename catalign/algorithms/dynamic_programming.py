"""Matrix-chain order and optimal binary search trees (Cormen et al., chapter 15)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._errors import InputError
from catalign._typing import Flag, Index, KeyArray, Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.arrays import least
from catalign.algorithms.chain import CONSTANT_PRED_H, chain
from catalign.algorithms.check import HostProbes
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.sorting import UNIFORM
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.key import AbstractKeyLaw


def edge_hint(name: str, kind: Kind) -> Probe:
    """A hint with a value for each pair of nodes: a table of dynamic programming."""
    return Probe(name, Stage.HINT, Location.EDGE, kind)


def _check_nonnegative(name: str, probe: str, inputs: HostProbes) -> None:
    bad = inputs[probe] < 0
    if bad.any():
        b, i = (int(x) for x in np.argwhere(bad)[0])
        raise InputError(
            f"`inputs[{probe!r}]` of {name} is {inputs[probe][b, i]} at node {i} of instance {b}. "
            "It must be at least 0."
        )


class _Costs(NamedTuple):
    """The tables of the book: the least cost found for each chain i .. j, and where it splits."""

    m: Float[Array, "n n"]
    s: Int[Array, "n n"]
    known: Bool[Array, "n n"]


class _MatrixChain(NamedTuple):
    """The tables, and what one more round makes of them: the run ends when that is no less."""

    now: _Costs
    then: _Costs


def _chain_start(inputs: Probes) -> _MatrixChain:
    p = inputs["p"]
    n = p.shape[0]
    matrix = jnp.arange(n, dtype=jnp.int32) >= 1
    start = _Costs(
        m=jnp.zeros((n, n), p.dtype),
        s=jnp.zeros((n, n), jnp.int32),
        known=jnp.eye(n, dtype=bool) & matrix[:, None],
    )
    return _MatrixChain(start, _improve(p, start))


def _improve(p: Float[Array, " n"], costs: _Costs) -> _Costs:
    """One round over all chains and all splits, which reads the costs of the round before.

    Maths: `m_ij = min(m_ij, min over i <= k < j of m_ik + m_(k+1)j + p_(i-1) p_k p_j)`.
    """
    n = p.shape[0]
    cost = jnp.where(costs.known, costs.m, jnp.inf)
    # The book's matrix A_i has p_(i-1) rows.
    scale = jnp.roll(p, 1)[:, None] * p[None, :]

    def split(k: Index, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        best, first = carry
        total = cost[:, k][:, None] + cost[k + 1][None, :] + scale * p[k]
        less = total < best
        return jnp.where(less, total, best), jnp.where(less, k, first)

    start = jnp.full((n, n), jnp.inf, p.dtype), jnp.zeros((n, n), jnp.int32)
    # Unrolled, so that the tables make one trip through memory for eight splits.
    best, first = jax.lax.fori_loop(0, n - 1, split, start, unroll=8)
    better = best < cost
    return _Costs(
        m=jnp.where(better, best, costs.m),
        s=jnp.where(better, first, costs.s),
        known=costs.known | better,
    )


def _chain_step(inputs: Probes, state: _MatrixChain) -> _MatrixChain:
    return _MatrixChain(state.then, _improve(inputs["p"], state.then))


def _chain_done(inputs: Probes, state: _MatrixChain) -> Flag:
    return jnp.all(state.now.m == state.then.m) & jnp.all(state.now.known == state.then.known)


def _chain_hints(inputs: Probes, state: _MatrixChain) -> Probes:
    now = state.now
    return {"pred_h": chain(inputs["p"].shape[0]), "m": now.m, "s_h": now.s, "msk": now.known}


def _sample_dimensions(key: KeyArray, size: int, *, dimensions: AbstractKeyLaw = UNIFORM) -> Probes:
    """The dimensions of n - 1 matrices: uniform in [0, 1) as in the benchmark, if left out."""
    return {"pos": positions(size), "p": dimensions.sample(key, size)}


matrix_chain_order = Algorithm(
    name="matrix_chain_order",
    spec=Spec(
        POS,
        Probe("p", Stage.INPUT, Location.NODE, Kind.SCALAR),
        CONSTANT_PRED_H,
        edge_hint("m", Kind.SCALAR),
        edge_hint("s_h", Kind.POINTER),
        edge_hint("msk", Kind.MASK),
        Probe("s", Stage.OUTPUT, Location.EDGE, Kind.POINTER),
    ),
    sampler=_sample_dimensions,
    init=_chain_start,
    step=_chain_step,
    done=_chain_done,
    hints=_chain_hints,
    outputs=lambda inputs, state: {"s": state.now.s},
    max_steps=lambda n: n,
    source="Cormen et al., Introduction to Algorithms, section 15.2",
    validate=lambda inputs: _check_nonnegative("matrix_chain_order", "p", inputs),
)
"""How to parenthesise a product: `s[i, j]` is the first k that splits A_i .. A_j best.

Matrix i has dimensions `p[i - 1]` by `p[i]`, so node 0 stands for no matrix. As in the benchmark
the book's order, by length of chain, is given up: each round improves every chain at once from the
costs of the last round, until none changes.
"""


class _SearchTree(NamedTuple):
    """The tables of the book over the dummy keys i to j, and the greatest distance filled."""

    e: Float[Array, "n n"]
    w: Float[Array, "n n"]
    root: Int[Array, "n n"]
    distance: Index


def _tree_start(inputs: Probes) -> _SearchTree:
    q = inputs["q"]
    n = q.shape[0]
    empty = jnp.where(jnp.eye(n, dtype=bool), q[:, None], jnp.zeros((), q.dtype))
    return _SearchTree(empty, empty, jnp.zeros((n, n), jnp.int32), jnp.int32(0))


def _tree_step(inputs: Probes, state: _SearchTree) -> _SearchTree:
    """One turn of the outer loop: the best root of every tree with one key more.

    Maths: with j = i + `distance`, `w_ij = w_i(j-1) + p_(j-1) + q_j` and
    `e_ij = min over i <= r < j of e_ir + e_(r+1)j + w_ij`.
    """
    p, q = inputs["p"], inputs["q"]
    n = q.shape[0]
    node = jnp.arange(n, dtype=jnp.int32)
    distance = state.distance + 1
    end = jnp.minimum(node + distance, n - 1)
    inner = state.w[node, end - 1] + p[end - 1] + q[end]
    # The axes are r, i: to the left the tree of i .. r, to the right that of r + 1 .. j.
    left, right = state.e.T, jnp.roll(state.e, -1, axis=0)[:, end]
    inside = (node[:, None] >= node[None, :]) & (node[:, None] < end[None, :])
    best, split = least(jnp.where(inside, left + right + inner[None, :], jnp.inf))
    filled = node[None, :] == node[:, None] + distance
    return _SearchTree(
        e=jnp.where(filled, best[:, None], state.e),
        w=jnp.where(filled, inner[:, None], state.w),
        root=jnp.where(filled, split[:, None], state.root),
        distance=distance,
    )


def _tree_hints(inputs: Probes, state: _SearchTree) -> Probes:
    n = inputs["q"].shape[0]
    node = jnp.arange(n, dtype=jnp.int32)
    above = node[None, :] - node[:, None]
    return {
        "pred_h": chain(n),
        "root_h": state.root,
        "e": state.e,
        "w": state.w,
        "msk": (above >= 0) & (above <= state.distance),
    }


def _tree_validate(inputs: HostProbes) -> None:
    for probe in ("p", "q"):
        _check_nonnegative("optimal_bst", probe, inputs)
    bad = inputs["p"][:, -1] != 0
    if bad.any():
        b = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"`inputs['p']` of optimal_bst is {inputs['p'][b, -1]} at the last node of instance "
            f"{b}. n keys have n + 1 gaps, a node each: pad `p` with a 0."
        )


def _sample_probabilities(key: KeyArray, size: int) -> Probes:
    """How often each of n keys and of the n + 1 gaps is sought: U[0, 1) over their sum.

    As in the benchmark, there is a node for each gap: `size` + 1 nodes, and `p` ends with a 0.
    """
    draws = jax.random.uniform(key, (2 * size + 1,))
    draws = draws / jnp.sum(draws)
    p = jnp.concatenate([draws[:size], jnp.zeros(1, draws.dtype)])
    return {"pos": positions(size + 1), "p": p, "q": draws[size:]}


optimal_bst = Algorithm(
    name="optimal_bst",
    spec=Spec(
        POS,
        Probe("p", Stage.INPUT, Location.NODE, Kind.SCALAR),
        Probe("q", Stage.INPUT, Location.NODE, Kind.SCALAR),
        CONSTANT_PRED_H,
        edge_hint("root_h", Kind.POINTER),
        edge_hint("e", Kind.SCALAR),
        edge_hint("w", Kind.SCALAR),
        edge_hint("msk", Kind.MASK),
        Probe("root", Stage.OUTPUT, Location.EDGE, Kind.POINTER),
    ),
    sampler=_sample_probabilities,
    init=_tree_start,
    step=_tree_step,
    done=lambda inputs, state: state.distance >= inputs["q"].shape[0] - 1,
    hints=_tree_hints,
    outputs=lambda inputs, state: {"root": state.root},
    max_steps=lambda n: n,
    source="Knuth 1971; Cormen et al., Introduction to Algorithms, section 15.5",
    validate=_tree_validate,
)
"""The search tree with the least expected cost: `root[i, j]` is the root of the keys i .. j - 1.

Node i holds key i, from 0, and the gap before it; the last node holds the last gap alone.
"""
