"""The cases of `tasks.bench kernels`: each op at each size, with the peers that can be imported.

A peer is a library that computes the same; where it cannot be imported it has no column. Peers are
never dependencies.
"""

import functools
import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import jraph
import numpy as np
from scipy.cluster import hierarchy
from scipy.sparse import csgraph, csr_array
from scipy.spatial import distance

from catalign.algebra.instances import lor_land, max_plus, min_max, min_plus, plus_times
from catalign.algebra.semiring import Semiring
from catalign.kernels import (
    closure,
    monoid_scan,
    segment_reduce,
    semiring_matmul,
    triplet_reduce,
)
from catalign.kernels.segment_reduce import CsrGraph
from catalign.kernels.semiring_matmul import gpu

Thunk = Callable[[], Any]
FEATURES = 64
HEADS = 8


@dataclass(frozen=True, kw_only=True)
class Case:
    """One op at one size.

    Attributes:
      op: What is computed.
      size: What time is plotted against: rows, edges, or steps.
      operations: Additions, comparisons and multiplications that the definition counts.
      bytes: What must be read and written at least: operands and results.
      ours: Runs it here.
      peers: Runs it there, by the peer's name.
    """

    op: str
    size: int
    operations: float
    bytes: float
    ours: Thunk
    peers: dict[str, Thunk] = field(default_factory=dict)


def cases(ops: tuple[str, ...], largest: int) -> Iterator[Case]:
    """All cases of some ops, up to a number of values that an operand has."""
    for name, build in OPS.items():
        if name in ops:
            yield from build(largest)


def has(module: str) -> bool:
    """Whether a peer can be imported."""
    return importlib.util.find_spec(module) is not None


def _on_gpu() -> bool:
    return jax.default_backend() == "gpu"


def _matmul(largest: int) -> Iterator[Case]:
    for n in (64, 128, 256, 512, 1024, *((2048, 4096) if _on_gpu() else ())):
        if n * n > largest:
            return
        rng = np.random.default_rng(n)
        host = [rng.random((n, n), np.float32) for _ in range(2)]
        a, b = map(jnp.asarray, host)
        peers: dict[str, Thunk] = {"jnp broadcast": functools.partial(_broadcast, a, b)}
        if has("tropical_gemm"):
            tropical = importlib.import_module("tropical_gemm")
            peers["tropical-gemm"] = functools.partial(tropical.minplus_matmul, *host)
        if has("graphblas"):
            peers["graphblas"] = _graphblas(host)
        if has("torch") and _on_gpu():
            peers["torch broadcast"] = _torch_broadcast(host)
        product: dict[str, Any] = {"size": n, "operations": 2.0 * n**3, "bytes": 12.0 * n**2}
        yield Case(
            op="semiring_matmul min_plus",
            ours=functools.partial(_min_plus, a, b),
            peers=peers,
            **product,
        )
        if gpu.why_not(min_plus, a.dtype) is None:
            yield Case(
                op="semiring_matmul min_plus, mosaic_gpu",
                ours=functools.partial(_mosaic, a, b),
                peers={"the default": functools.partial(_min_plus, a, b)},
                **product,
            )
        yield Case(
            op="semiring_matmul min_plus, gradient",
            size=n,
            operations=2.0 * n**3,
            bytes=24.0 * n**2,
            ours=functools.partial(_min_plus_slope, a, b),
            peers={"jnp broadcast": functools.partial(_broadcast_slope, a, b)} if n <= 256 else {},
        )


@jax.jit
def _min_plus(a: jax.Array, b: jax.Array) -> jax.Array:
    return semiring_matmul.multiply(a, b, min_plus)


@jax.jit
def _mosaic(a: jax.Array, b: jax.Array) -> jax.Array:
    return semiring_matmul.multiply(a, b, min_plus, implementation="mosaic_gpu")


@jax.jit
def _min_plus_slope(a: jax.Array, b: jax.Array) -> Any:
    return jax.value_and_grad(lambda a, b: jnp.sum(_min_plus(a, b)), argnums=(0, 1))(a, b)


@jax.jit
def _broadcast(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.min(a[:, :, None] + b[None], axis=1)


@jax.jit
def _broadcast_slope(a: jax.Array, b: jax.Array) -> Any:
    return jax.value_and_grad(lambda a, b: jnp.sum(_broadcast(a, b)), argnums=(0, 1))(a, b)


def _torch_broadcast(host: list[np.ndarray]) -> Thunk:
    torch = importlib.import_module("torch")
    a, b = (torch.from_numpy(x).cuda() for x in host)
    return _synchronised(torch, lambda: (a[:, :, None] + b[None]).amin(1))


def _synchronised(torch: Any, run: Thunk) -> Thunk:
    """Waits for the device, as we wait for ours."""
    if not _on_gpu():
        return run

    def both() -> Any:
        y = run()
        torch.cuda.synchronize()
        return y

    return both


def _graphblas(host: list[np.ndarray]) -> Thunk:
    graphblas = importlib.import_module("graphblas")
    a, b = (graphblas.Matrix.from_dense(x) for x in host)
    return lambda: graphblas.semiring.min_plus(a @ b).new().to_dense(fill_value=np.inf)


_SIZES = ((1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000))
_REDUCTIONS = {
    "max": (max_plus.add, jraph.segment_max, "amax"),
    "min": (min_plus.add, jraph.segment_min, "amin"),
    "sum": (plus_times.add, jraph.segment_sum, "sum"),
}


def _segment(largest: int) -> Iterator[Case]:
    for n_node, n_edge in _SIZES:
        if n_edge * FEATURES > largest:
            return
        rng = np.random.default_rng(n_node)
        graph = _graph(rng, n_node, n_edge)
        messages, nodes = (_distinct(rng, rows) for rows in (n_edge, n_node))
        cotangent = jnp.asarray(rng.standard_normal((n_node, FEATURES)), jnp.float32)
        for name, (monoid, peer, torch_name) in _REDUCTIONS.items():
            for gathers in (False, True):
                x = nodes if gathers else messages
                ours: Any = segment_reduce.gather_reduce if gathers else segment_reduce.reduce

                def run(x: Any, g: CsrGraph, f: Any = ours, m: Any = monoid) -> Any:
                    return f(x, g, m)

                def jraph_run(
                    x: jax.Array, g: CsrGraph, gathers: bool = gathers, f: Any = peer
                ) -> jax.Array:
                    x = x[g.senders] if gathers else x
                    return f(x, g.receivers, g.n_node)

                op = f"{'gather_reduce' if gathers else 'segment_reduce'} {name}"
                for slope in (False, True):
                    peers = {"jraph": _jitted(jraph_run, x, graph, cotangent if slope else None)}
                    if has("torch"):
                        peers |= _torch(x, graph, cotangent if slope else None, torch_name, gathers)
                    both = 2.0 if slope else 1.0
                    yield Case(
                        op=op + (", gradient" if slope else ""),
                        size=n_edge,
                        operations=both * n_edge * FEATURES,
                        bytes=both * 4.0 * (x.size + cotangent.size + n_edge * (1 + gathers)),
                        ours=_jitted(run, x, graph, cotangent if slope else None),
                        peers=peers,
                    )


def _graph(rng: np.random.Generator, n_node: int, n_edge: int) -> CsrGraph:
    """A ring and random edges, so that peers agree.

    They leave 0 where nothing is heard, and share the gradients of parallel edges, which tie, each
    in its own way.
    """
    ring = np.arange(n_node) * n_node + (np.arange(n_node) + 1) % n_node
    pairs = rng.choice(n_node**2, n_edge, replace=False)
    pairs = np.concatenate([ring, pairs[~np.isin(pairs, ring)]])[:n_edge]
    return CsrGraph.from_edges(pairs % n_node, pairs // n_node, n_node)


def _distinct(rng: np.random.Generator, rows: int) -> jax.Array:
    """Values that do not tie, between -1 and 1, and not 0, with which torch has a maximum share."""
    ranks = np.broadcast_to(np.arange(rows)[:, None], (rows, FEATURES))
    return jnp.asarray((rng.permuted(ranks, axis=0) + 0.5) / rows * 2 - 1, jnp.float32)


def _jitted(f: Any, x: jax.Array, graph: CsrGraph, cotangent: jax.Array | None) -> Thunk:
    if cotangent is None:
        return functools.partial(jax.jit(f), x, graph)

    @jax.jit
    def both(x: jax.Array, graph: CsrGraph, cotangent: jax.Array) -> Any:
        y, pull = jax.vjp(lambda x: f(x, graph), x)
        return y, pull(cotangent)

    return functools.partial(both, x, graph, cotangent)


def _torch(
    x: jax.Array, graph: CsrGraph, cotangent: jax.Array | None, name: str, gathers: bool
) -> dict[str, Thunk]:
    torch = importlib.import_module("torch")
    device = "cuda" if _on_gpu() else "cpu"

    def tensor(x: Any) -> Any:
        # A copy: the arrays of JAX are read-only.
        return torch.from_numpy(np.array(x)).to(device)

    values = tensor(x)
    senders, receivers = (tensor(ends).long() for ends in (graph.senders, graph.receivers))
    g = None if cotangent is None else tensor(cotangent)

    def scatter_reduce(messages: Any) -> Any:
        index = receivers[:, None].expand(-1, FEATURES)
        out = torch.zeros(graph.n_node, FEATURES, device=device)
        return out.scatter_reduce(0, index, messages, name, include_self=False)

    def run(reduce: Any) -> Any:
        source = values if g is None else values.detach().requires_grad_()
        y = reduce(source[senders] if gathers else source)
        if g is not None:
            y.backward(g)
            return y, source.grad
        return y

    found = {"torch": _synchronised(torch, functools.partial(run, scatter_reduce))}
    if has("torch_geometric"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            utils = importlib.import_module("torch_geometric.utils")
        pointer = torch.zeros(graph.n_node + 1, dtype=torch.long, device=device)
        pointer[1:] = torch.cumsum(torch.bincount(receivers, minlength=graph.n_node), 0)
        kind = {"amax": "max", "amin": "min"}.get(name, name)
        found["PyG segment"] = _synchronised(
            torch, functools.partial(run, lambda m: utils.segment(m, pointer, reduce=kind))
        )
    return found


def _scan(largest: int) -> Iterator[Case]:
    for states in (2, 4):
        for time in (1_000, 10_000, 100_000, 1_000_000):
            if time * states > largest:
                break
            rng = np.random.default_rng(time)
            f = jnp.asarray(rng.integers(0, states, (time, states)), jnp.int32)
            yield Case(
                op=f"monoid_scan functions on {states}",
                size=time,
                operations=float(time * states),
                bytes=8.0 * time * states,
                ours=functools.partial(jax.jit(monoid_scan.scan_functions), f),
                peers={"lax.associative_scan": functools.partial(_tree, f)},
            )
    for time in (1_000, 10_000, 100_000):
        if time * 16 > largest:
            return
        m = jnp.asarray(np.random.default_rng(time).dirichlet(np.ones(4), (time, 4)), jnp.float32)
        yield Case(
            op="monoid_scan stochastic 4 x 4",
            size=time,
            operations=128.0 * time,
            bytes=128.0 * time,
            ours=functools.partial(_products, m),
            peers={"lax.associative_scan": functools.partial(_matmuls, m)},
        )


@jax.jit
def _tree(f: jax.Array) -> jax.Array:
    return monoid_scan.scan_functions(f, implementation="tree")


@jax.jit
def _products(m: jax.Array) -> jax.Array:
    return monoid_scan.scan_matrices(m, plus_times)


@jax.jit
def _matmuls(m: jax.Array) -> jax.Array:
    return jax.lax.associative_scan(jnp.matmul, m)


def _triplet(largest: int) -> Iterator[Case]:
    for n in (16, 32, 64, 128):
        if n * n * HEADS > largest:
            return
        x = jnp.asarray(np.random.default_rng(n).standard_normal((n, n, HEADS)), jnp.float32)
        run = jax.jit(triplet_reduce.reduce, static_argnames="implementation")
        yield Case(
            op="triplet_reduce max_plus, 8 heads",
            size=n,
            operations=2.0 * n**3 * HEADS,
            bytes=12.0 * n**2 * HEADS,
            ours=functools.partial(run, x, x),
            peers={"all messages": functools.partial(run, x, x, implementation="reference")},
        )


def _closure(largest: int) -> Iterator[Case]:
    for n in (64, 128, 256, 512, 1024):
        if n * n > largest:
            return
        for name, semiring, matrix, peers in _closures(n):
            yield Case(
                op=f"closure {name}",
                size=n,
                operations=2.0 * n**3,
                bytes=2.0 * matrix.nbytes,
                ours=functools.partial(_star, jnp.asarray(matrix), semiring),
                peers=peers,
            )


def _closures(n: int) -> Iterator[tuple[str, Semiring, np.ndarray, dict[str, Thunk]]]:
    """All paths of three kinds, with SciPy's way to each of them.

    Shortest paths and reachability on few edges, where searches from every node are at their best,
    and bottlenecks of a full symmetric matrix, whose minimum spanning tree holds them all.
    """
    rng = np.random.default_rng(n)
    edges = rng.random((n, n)) < 8 / n
    np.fill_diagonal(edges, False)
    lengths = np.where(edges, rng.random((n, n)) + 0.01, np.inf).astype(np.float32)
    scarce = edges & (rng.random((n, n)) < 0.2)
    listed, few = (csr_array(np.where(mask, lengths, 0.0)) for mask in (edges, scarce))
    yield (
        "min_plus, shortest paths",
        min_plus,
        lengths,
        {
            "scipy floyd_warshall": functools.partial(csgraph.floyd_warshall, listed),
            "scipy dijkstra": functools.partial(csgraph.dijkstra, listed),
        },
    )
    yield (
        "lor_land, reachability",
        lor_land,
        scarce,
        {"scipy dijkstra": lambda: np.isfinite(csgraph.dijkstra(few, unweighted=True))},
    )
    apart = np.triu(rng.random((n, n)), 1).astype(np.float32)
    condensed = apart[np.triu_indices(n, 1)]
    full = np.where(np.eye(n, dtype=bool), -np.inf, apart + apart.T).astype(np.float32)
    yield (
        "min_max, bottlenecks",
        min_max,
        full,
        {"scipy single linkage": functools.partial(_linkage, condensed)},
    )


def _linkage(condensed: np.ndarray) -> np.ndarray:
    """The least bottlenecks between all points: single-linkage clusters merge at these heights."""
    heights = hierarchy.cophenet(hierarchy.linkage(condensed, "single"))
    square = distance.squareform(heights)
    np.fill_diagonal(square, -np.inf)
    return square


_star = jax.jit(closure.star, static_argnums=1)


OPS: dict[str, Callable[[int], Iterator[Case]]] = {
    "semiring_matmul": _matmul,
    "segment_reduce": _segment,
    "monoid_scan": _scan,
    "triplet_reduce": _triplet,
    "closure": _closure,
}
"""The ops by name; each builds its cases up to a number of values in an operand."""
