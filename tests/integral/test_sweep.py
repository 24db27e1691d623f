"""Sending only what changed gives what sending everything gives, round for round."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalign._errors import UnsupportedError
from catalign.algebra.instances import SEMIRINGS, min_plus, plus_times
from catalign.algebra.provenance import arg_segment
from catalign.algebra.semiring import Semiring
from catalign.integral import sweep as module
from catalign.integral.graph import SparseGraph
from catalign.integral.sweep import Sweep, sweep

N, E = 9, 24
SELECTIVE = sorted(name for name, ring in SEMIRINGS.items() if ring.add.is_selective)


def everywhere(
    semiring: Semiring, graph: SparseGraph, messages: jax.Array, x: jax.Array, limit: int
) -> Sweep:
    """The definition: every round sums over every edge."""
    pi, taken, settled = np.arange(graph.n_node), 1, False
    while taken < limit and not settled:
        offers = semiring.multiply.op(x[graph.senders], messages)
        best, row = arg_segment(semiring, offers, graph.receivers, graph.n_node)
        total = semiring.add.op(x, best)
        pi = np.where(total != x, np.asarray(graph.senders)[np.maximum(row, 0)], pi)
        x, taken, settled = total, taken + 1, bool((total == x).all())
    return Sweep(x, jnp.asarray(pi), jnp.int32(taken), jnp.bool_(settled))


@functools.partial(jax.jit, static_argnums=(0, 5))
def narrow(semiring, graph, messages, x, limit, capacities=(2, 5)) -> Sweep:
    return sweep(
        semiring, graph, messages, x, jnp.arange(N), max_states=limit, capacities=capacities
    )


def case(name: str, seed: int) -> tuple[Semiring, SparseGraph, jax.Array, jax.Array]:
    """A graph with loops, equal edges, ties and padding, and a state with zeros."""
    semiring, rng = SEMIRINGS[name], np.random.default_rng(seed)
    senders, receivers = rng.integers(0, N, (2, E))
    receivers = np.where(rng.random(E) < 0.1, N, receivers)
    low, high = (-1, 4) if name in ("min_plus", "max_min", "min_max") else (0, 2)
    unit = {"max_plus": -1.0, "max_times": 0.5}.get(name, 1.0)
    x = np.where(rng.random(N) < 0.6, semiring.zero, rng.integers(0, 3, N))
    dtype = bool if name == "lor_land" else np.float32
    messages = (unit * rng.integers(low, high, E)).astype(dtype)
    ends = [jnp.asarray(end, jnp.int32) for end in (senders, receivers)]
    graph = SparseGraph(senders=ends[0], receivers=ends[1], n_node=N)
    return semiring, graph, jnp.asarray(messages), jnp.asarray(x.astype(dtype))


def same(got: Sweep, want: Sweep) -> bool:
    return all(bool(np.array_equal(a, b)) for a, b in zip(got, want, strict=True))


@given(st.sampled_from(SELECTIVE), st.integers(0, 2**20), st.sampled_from([2, 4, 12]))
@settings(deadline=None, max_examples=60)
def test_a_sweep_is_rounds_over_all_edges(name: str, seed: int, limit: int) -> None:
    """Values, senders, the number of rounds and whether it settled, in every selective semiring."""
    semiring, graph, messages, x = case(name, seed)
    assert same(narrow(semiring, graph, messages, x, limit), everywhere(*case(name, seed), limit))


@pytest.mark.parametrize("capacities", [(), (1,), (3, 11), (1000,)])
def test_no_capacity_changes_the_result(capacities) -> None:
    given_case = case("min_plus", 5)
    assert same(narrow(*given_case, 12, capacities), everywhere(*given_case, 12))


def test_a_frontier_that_loses_a_node_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: a compaction that drops the frontier's first node."""
    right = module._compact
    monkeypatch.setattr(
        module, "_compact", lambda *given: right(*given).at[0].set(given[1].count.size - 1)
    )

    def run(seed: int) -> bool:
        semiring, graph, messages, x = case("min_plus", seed)
        got = sweep(semiring, graph, messages, x, jnp.arange(N), max_states=12, capacities=(2, 5))
        return same(got, everywhere(semiring, graph, messages, x, 12))

    assert not all(run(seed) for seed in range(4))


def test_a_sum_that_blends_is_refused() -> None:
    _, graph, messages, x = case("min_plus", 0)
    with pytest.raises(UnsupportedError, match="plus_times"):
        sweep(plus_times, graph, messages, x, jnp.arange(N), max_states=3)


def test_a_long_path_takes_all_its_rounds() -> None:
    n = 3000
    ends = {"senders": jnp.arange(n - 1), "receivers": jnp.arange(1, n)}
    graph = SparseGraph(**ends, n_node=n, receivers_are_sorted=True)
    first = jnp.full(n, jnp.inf).at[0].set(0.0)
    run = jax.jit(
        lambda: sweep(min_plus, graph, jnp.ones(n - 1), first, jnp.arange(n), max_states=n + 1)
    )()
    assert run.values.tolist() == list(range(n))
    assert bool(run.settled)
    assert int(run.taken) == n + 1
