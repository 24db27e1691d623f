"""Frontier rows of shortest paths: the aligned reasoner on a hundred thousand nodes."""

import time
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from catalign.algorithms import catalogue
from catalign.integral.graph import SparseGraph
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.aligned_proof import certify_paths
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.config import TrainConfig
from catalign.training.loop import train
from tasks.frontier_row import Row
from tasks.graph_input import Graph
from tasks.verify import follow, shortest_distances

NEGATIVE = "negative edges"
CONFIG = {
    "steps": 400,
    "batch_size": 32,
    "sizes": (8,),
    "learning_rate": 0.03,
    "processor": "aligned",
    "semiring": "min_plus",
    "eval_every": 0,
    "eval_instances": 8,
    "eval_sizes": (16,),
}


def learn_paths(seed: int) -> AbstractReasoner:
    """Trains the aligned reasoner on runs of Bellman-Ford on eight nodes, and hardens it."""
    config = TrainConfig(seed=seed, **CONFIG)
    return train(catalogue.get("bellman_ford"), config).reasoner


def shortest_paths(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Distances and predecessors from node 0, against scipy; whole weights, exact in float32."""
    graphs, potential = graph_families(sizes["nodes"], sizes["edges"])
    truths = {name: shortest_distances(g, 0) for name, g in graphs.items() if name != NEGATIVE}
    # A potential changes no shortest path. scipy's own search with negative weights would take
    # nodes times edges steps.
    plain, reference = truths["random"]
    truths[NEGATIVE] = plain + potential[0] - potential, f"{reference}, shifted by the potential"
    for seed in range(seeds):
        reasoner = learn_paths(seed)
        assert isinstance(reasoner, AlignedReasoner)
        is_proved = certify_paths(reasoner).is_proved
        for family, graph in graphs.items():
            distance, reference = truths[family]
            yield _row(reasoner, family, graph, distance, reference, seed, is_proved)


def _row(
    reasoner: AlignedReasoner,
    family: str,
    graph: Graph,
    truth: np.ndarray,
    reference: str,
    seed: int,
    is_proved: bool,
) -> Row:
    listed = SparseGraph(
        senders=jnp.asarray(graph.senders),
        receivers=jnp.asarray(graph.receivers),
        n_node=graph.n_node,
        receivers_are_sorted=True,
    )
    inputs = {
        "pos": jnp.arange(graph.n_node, dtype=float) / graph.n_node,
        "s": jnp.int32(0),
        "A": jnp.asarray(graph.weights, dtype=float),
    }
    run = jax.jit(lambda given, edges, limit: reasoner.run_sparse(given, edges, max_steps=limit))
    # A run of one step compiles: the whole one may take many.
    jax.block_until_ready(run(inputs, listed, 2))
    begun = time.perf_counter()
    execution = jax.block_until_ready(run(inputs, listed, graph.n_node + 1))
    seconds = time.perf_counter() - begun
    predecessors = np.asarray(execution.outputs["pi"])
    # The distance that the predecessors lead to, and the one that the reasoner holds.
    tree = follow(graph, 0, predecessors)
    held = np.where(np.isfinite(truth), np.asarray(execution.hints["d"], float), np.inf)
    wrong = (tree.distance != truth) | (held != truth) | tree.broken
    return Row(
        task="shortest paths",
        family=f"{family}, {len(graph.senders):,} edges, {int(execution.steps):,} rounds",
        size=graph.n_node,
        seed=seed,
        regime="certified" if is_proved else "soft",
        wrong=int(wrong.sum()),
        places=graph.n_node,
        seconds=seconds,
        reference=reference,
        examples=(CONFIG["steps"] * CONFIG["batch_size"],),
        learned_from="traces of Bellman-Ford on 8 nodes, 32 new ones in each of 400 updates",
    )


def graph_families(n: int, edges: int) -> tuple[dict[str, Graph], np.ndarray]:
    """Graphs with whole weights, easy and hard, and the potential that makes edges negative."""
    rng = np.random.default_rng(92)
    ends = rng.integers(0, n, (2, edges))
    weights = rng.integers(1, 101, edges)
    potential = rng.integers(0, 1000, n)
    side = int(n**0.5)
    hops = min(n, 10_000)
    cut = ~((ends[0] < n // 2) & (ends[1] >= n // 2))
    path = np.stack([np.arange(n - 1), np.arange(1, n)])
    graphs = {
        "random": _graph(n, ends, weights),
        NEGATIVE: _graph(n, ends, weights + potential[ends[0]] - potential[ends[1]]),
        "half unreachable": _graph(n, ends[:, cut], weights[cut]),
        "ties, all weights 1": _graph(n, ends, np.ones(edges, int)),
        "grid": _graph(side * side, *_grid(side, rng)),
        "one path": _graph(n, path, weights[: n - 1] % 9 + 1),
        f"a path of {hops:,} hops": _graph(n, *_long_way(n, edges, hops, rng)),
    }
    return graphs, potential


def _graph(n: int, ends: np.ndarray, weights: np.ndarray) -> Graph:
    """A directed graph with its edges in order of receivers, each at most once."""
    senders, receivers = ends
    keys, first = np.unique(receivers.astype(np.int64) * n + senders, return_index=True)
    loops = keys // n == keys % n
    first = first[~loops]
    return Graph(
        names=tuple(str(v) for v in range(n)),
        senders=senders[first].astype(np.int32),
        receivers=receivers[first].astype(np.int32),
        weights=weights[first].astype(np.float64),
        directed=True,
    )


def _grid(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    place = np.arange(side * side).reshape(side, side)
    along = np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.stack([place[:-1].ravel(), place[1:].ravel()])
    ends = np.concatenate([along, along[::-1], down, down[::-1]], axis=1)
    return ends, rng.integers(1, 101, ends.shape[1])


def _long_way(
    n: int, edges: int, hops: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A path of cheap edges, and edges too dear to be a short cut."""
    path = np.stack([np.arange(hops - 1), np.arange(1, hops)])
    rest = rng.integers(0, n, (2, edges - hops + 1))
    cheap = np.ones(hops - 1, int)
    dear = np.full(rest.shape[1], 2 * hops)
    return np.concatenate([path, rest], axis=1), np.concatenate([cheap, dear])
