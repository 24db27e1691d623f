"""The graphs that processors send along, read off probes, and off hints as they are predicted."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from catalign.algorithms.catalogue import get
from catalign.algorithms.spec import Kind, Location, Probe, Stage
from catalign.nn.neural import NeuralReasoner
from catalign.nn.processors.gat import GAT
from catalign.nn.processors.pgn import PGN
from catalign.nn.processors.pointer_pgn import PointerPGN
from catalign.nn.structure import edges_of, pointers, related

N, STEPS = 4, 4
PI = Probe("pi", Stage.HINT, Location.NODE, Kind.POINTER)
ORDER = Probe("order", Stage.HINT, Location.NODE, Kind.SHOULD_BE_PERMUTATION)
ADJ = Probe("adj", Stage.INPUT, Location.EDGE, Kind.MASK)
OTHERS = (
    Probe("reach", Stage.HINT, Location.NODE, Kind.MASK),
    Probe("w", Stage.INPUT, Location.EDGE, Kind.SCALAR),
    Probe("Pi", Stage.HINT, Location.EDGE, Kind.POINTER),
    Probe("root", Stage.HINT, Location.GRAPH, Kind.POINTER),
)
"""Probes that relate no nodes."""
FEATURES = {
    "reach": jnp.ones((N, 1)),
    "w": jnp.ones((N, N, 1)),
    "Pi": jnp.ones((N, N, N, 1)),
    "root": jnp.ones((N, 1)),
}


def _soft(*targets: int) -> jax.Array:
    """The features of a pointer that is likely, and not sure, to point to these nodes."""
    return (0.1 + 0.6 * jnp.eye(N)[jnp.array(targets)])[..., None]


def _pairs(*pairs: tuple[int, int]) -> np.ndarray:
    """The mask of self loops and some pairs."""
    mask = np.eye(N, dtype=bool)
    mask[tuple(np.array(pairs, int).reshape(-1, 2).T)] = True
    return mask


def test_pointers_are_the_most_likely_ones_a_row_for_each_probe_in_order() -> None:
    features = {**FEATURES, "pi": _soft(0, 0, 3, 1), "order": _soft(2, 1, 1, 0)}
    found = pointers((OTHERS[0], PI, *OTHERS[1:], ORDER), features, N)
    assert found.dtype == jnp.int32
    assert found.tolist() == [[0, 0, 3, 1], [2, 1, 1, 0]]
    assert pointers(OTHERS, features, N).shape == (0, N)


def test_a_pointer_relates_its_ends_either_way_round() -> None:
    found = related((PI, ORDER), {"pi": _soft(0, 0, 2, 3), "order": _soft(0, 1, 2, 1)}, N)
    assert np.array_equal(found, _pairs((1, 0), (0, 1), (3, 1), (1, 3)))


def test_an_edge_mask_relates_its_likely_pairs_either_way_round() -> None:
    mask = jnp.zeros((N, N, 1)).at[0, 2].set(0.6).at[3, 0].set(0.4)
    found = related((ADJ, PI), {"adj": mask, "pi": _soft(0, 3, 2, 3)}, N)
    assert np.array_equal(found, _pairs((0, 2), (2, 0), (1, 3), (3, 1)))


def test_no_other_probe_relates_nodes() -> None:
    assert np.array_equal(related(OTHERS, FEATURES, N), np.eye(N, dtype=bool))


def test_edges_are_listed_with_self_loops_and_padded_outside_of_the_graph() -> None:
    found = edges_of(jnp.zeros((N, N), bool).at[2, 0].set(True).at[1, 1].set(True))
    assert found.n_node == N
    listed = list(zip(found.senders.tolist(), found.receivers.tolist(), strict=True))
    assert listed == [(0, 0), (1, 1), (2, 0), (2, 2), (3, 3)] + [(N, N)] * (N * N - 5)


@functools.cache
def _reasoner(processor: type) -> NeuralReasoner:
    """A reasoner for BFS whose processor is told of pointers by the graph alone."""
    reasoner = NeuralReasoner(get("bfs").spec, processor, 8, rngs=nnx.Rngs(0))
    linear = reasoner.encode_hints.linear["pi_h"]
    linear.kernel[...] = jnp.zeros_like(linear.kernel[...])
    return reasoner


def _edgeless() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The inputs of BFS without edges, and its hints at step 0: all nodes point to themselves."""
    nodes = np.arange(N, dtype=np.int32)
    inputs = {
        "pos": np.array([0.5, -1.0, 2.0, 1.0], np.float32),
        "s": np.int32(0),
        "A": np.eye(N, dtype=np.float32),
        "adj": np.eye(N, dtype=bool),
    }
    assert {p.name for p in get("bfs").spec.inputs} <= set(inputs)
    return inputs, {"reach_h": nodes == 0, "pi_h": nodes}


@pytest.mark.parametrize("processor", [PGN, GAT, PointerPGN])
def test_a_pointer_that_changes_at_a_step_changes_what_its_ends_hear_and_nothing_else(
    processor: type,
) -> None:
    reasoner = _reasoner(processor)
    inputs, first = _edgeless()
    inputs = {name: value[None] for name, value in inputs.items()}
    hints = {name: np.stack([value[None]] * STEPS) for name, value in first.items()}
    changed = hints["pi_h"].copy()
    changed[1, 0, 1] = 3

    @jax.jit
    def predict(hints):
        lengths = jnp.full(1, STEPS, jnp.int32)
        return reasoner(inputs, hints, lengths, steps=STEPS, teacher_forcing=1.0).hints["reach_h"]

    plain, moved = (np.asarray(predict({**hints, "pi_h": pi})) for pi in (hints["pi_h"], changed))
    assert np.array_equal(plain[0], moved[0])
    assert (np.abs(moved[1, 0] - plain[1, 0]) > 1e-4).tolist() == [False, True, False, True]


@pytest.mark.parametrize("processor", [PGN, PointerPGN])
def test_a_step_sends_along_the_pointers_that_the_step_before_predicted(processor: type) -> None:
    reasoner = _reasoner(processor)
    inputs, first = _edgeless()

    @jax.jit
    def graphs(inputs, first):
        """The pairs that send at each step."""

        def visit(seen, call, moved, t):
            if processor is PGN:
                return seen.at[t].set(call.structure.mask)
            sends = jax.nn.one_hot(call.structure.pointers, N, dtype=bool).any(axis=0)
            return seen.at[t].set(sends | sends.T | jnp.eye(N, dtype=bool))

        none = jnp.zeros((STEPS, N, N), bool)
        return reasoner.fold_steps(visit, none, inputs, first, steps=STEPS)

    @jax.jit
    def predicted(inputs, first):
        """The pointers after one step, after two and after three, of three equal runs."""
        batch = jax.tree.map(lambda x: jnp.stack([x] * 3), (inputs, first))
        lengths = jnp.array([2, 3, 4], jnp.int32)
        return reasoner.run(batch[0], max_steps=STEPS, first=batch[1], lengths=lengths)

    found = np.asarray(graphs(inputs, first))
    rows = np.asarray(predicted(inputs, first).hints["pi_h"])
    for t, row in enumerate([first["pi_h"], *rows]):
        ends = [(v, int(row[v])) for v in range(N)]
        assert np.array_equal(found[t], _pairs(*ends, *((b, a) for a, b in ends)))
    assert (rows != first["pi_h"]).any(axis=1).all()
