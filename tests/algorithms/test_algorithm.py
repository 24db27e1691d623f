"""The machine that traces, on a toy algorithm with known runs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import get
from catalign.algorithms.check import check_size
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage
from catalign.distributions.graph import ErdosRenyi
from catalign.distributions.key import UniformKeys

# Counts the true bits down: a run of k bits has k + 1 steps.
countdown = Algorithm(
    name="countdown",
    spec=Spec(
        POS,
        Probe("bits", Stage.INPUT, Location.NODE, Kind.MASK),
        Probe("left_h", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        Probe("bits_h", Stage.HINT, Location.NODE, Kind.MASK),
        Probe("left", Stage.OUTPUT, Location.GRAPH, Kind.SCALAR),
    ),
    sampler=lambda key, size, p=0.5: {
        "pos": positions(size),
        "bits": jax.random.bernoulli(key, p, (size,)),
    },
    init=lambda inputs: inputs["bits"].sum(dtype=jnp.int32),
    step=lambda inputs, left: left - 1,
    done=lambda inputs, left: left <= 0,
    hints=lambda inputs, left: {"bits_h": inputs["bits"], "left_h": left.astype(float)},
    outputs=lambda inputs, left: {"left": left.astype(float)},
    max_steps=lambda n: n + 1,
    source="here",
)

BITS = np.array([[1, 1, 0], [0, 0, 0], [1, 1, 1]], dtype=bool)
INPUTS = {"pos": np.tile(np.arange(3) / 3, (3, 1)), "bits": BITS}


@pytest.fixture(scope="module")
def trace():
    """Runs of lengths 3, 1 and 4."""
    return countdown.traces(INPUTS)


def test_lengths_count_the_states(trace):
    assert trace.lengths.tolist() == [3, 1, 4]
    assert trace.complete.all()
    assert trace.steps == 4
    assert countdown.count_steps(INPUTS).tolist() == [3, 1, 4]


def test_hints_show_every_state_and_repeat_the_last(trace):
    assert trace.hints["left_h"].T.tolist() == [[2, 1, 0, 0], [0, 0, 0, 0], [3, 2, 1, 0]]
    assert set(trace.hints) == {"left_h", "bits_h"}
    assert trace.outputs["left"].tolist() == [0, 0, 0]


def test_more_steps_repeat_the_last_hint():
    longer = countdown.traces(INPUTS, steps=6)
    assert longer.hints["left_h"].T.tolist()[2] == [3, 2, 1, 0, 0, 0]
    assert longer.lengths.tolist() == [3, 1, 4]


def test_fewer_steps_cut_the_run():
    cut = countdown.traces(INPUTS, steps=2)
    assert cut.lengths.tolist() == [2, 1, 2]
    assert cut.complete.tolist() == [False, True, False]
    assert cut.outputs["left"].tolist() == [1, 0, 2]


def test_one_instance_equals_its_place_in_a_batch(trace):
    one = countdown.trace({name: value[2] for name, value in INPUTS.items()})
    assert int(one.lengths) == 4
    np.testing.assert_array_equal(one.hints["left_h"], trace.hints["left_h"][:, 2])
    assert one.inputs["bits"].shape == (3,)


def test_traces_under_jit_vmap_and_outside_agree(trace):
    inputs = jax.tree.map(jnp.asarray, INPUTS)
    for run in (jax.jit(countdown.traces), lambda x: jax.vmap(countdown.trace, out_axes=0)(x)):
        other = run(inputs)
        np.testing.assert_array_equal(other.lengths, trace.lengths)
        np.testing.assert_array_equal(other.outputs["left"], trace.outputs["left"])


def test_sample_is_pure_in_the_key():
    first, again = (countdown.sample(jax.random.key(7), 4, 5) for _ in range(2))
    other = countdown.sample(jax.random.key(8), 4, 5)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), first, again))
    assert (first.inputs["bits"] != other.inputs["bits"]).any()


def test_laws_reach_the_sampler():
    assert countdown.sample_inputs(jax.random.key(0), 2, 5, p=1.0)["bits"].all()
    bfs = get("bfs")
    inputs = bfs.sample_inputs(jax.random.key(0), 2, 5, graph=ErdosRenyi(1.0))
    assert inputs["adj"].all()


@pytest.mark.parametrize("size", [4.0, "4", None])
def test_a_size_is_a_whole_number(size):
    """Asked of the check itself: annotations, which are checked in tests alone, come before it."""
    with pytest.raises(InputError, match="give countdown a number of nodes, or a law"):
        check_size("countdown", size, min_size=1)


@pytest.mark.parametrize(
    ("laws", "message"),
    [
        ({"keys": UniformKeys()}, "bfs has no law 'keys'; it has graph"),
        ({"graph": "erdos_renyi"}, "'erdos_renyi', but it takes a law of the family Abstract"),
        ({"graph": UniformKeys()}, r"for example ErdosRenyi\("),
    ],
)
def test_laws_are_checked(laws, message):
    with pytest.raises(InputError, match=message):
        get("bfs").sample_inputs(jax.random.key(0), 2, 5, **laws)


def test_a_sampler_may_take_laws_without_a_default_and_of_any_name():
    def sampler(key, size, p):
        return countdown.sampler(key, size, p=p)

    def open_sampler(key, size, **laws):
        return countdown.sampler(key, size, **laws)

    for taken in (sampler, open_sampler):
        algorithm = dataclasses.replace(countdown, sampler=taken)
        assert algorithm.sample_inputs(jax.random.key(0), 2, 5, p=1.0)["bits"].all()


def test_whole_numbers_become_floats():
    bfs = get("bfs")
    inputs = dict(bfs.sample_inputs(jax.random.key(0), 1, 4))
    inputs["A"] = np.asarray(inputs["A"]).astype(int)
    assert bfs.traces(inputs).inputs["A"].dtype == jnp.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 4), "`batch_size` is 0"),
        ((1, 0), "`size` is 0, but countdown needs at least 1"),
    ],
)
def test_sizes_are_checked(arguments, message):
    with pytest.raises(InputError, match=message):
        countdown.sample(jax.random.key(0), *arguments)


def test_a_size_compiles_once():
    traced = []

    def step(inputs, left):
        traced.append(inputs["pos"].shape)
        return left - 1

    algorithm = dataclasses.replace(countdown, step=step)
    for seed in range(3):
        algorithm.sample(jax.random.key(seed), 2, 5)
    once = len(traced)
    algorithm.sample(jax.random.key(9), 2, 5)
    assert len(traced) == once > 0
    algorithm.sample(jax.random.key(9), 2, 6)
    assert len(traced) == 2 * once


def test_steps_are_checked():
    with pytest.raises(InputError, match="`steps` is 0"):
        countdown.traces(INPUTS, steps=0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"bits": None}, InputError, "missing: bits; unknown: none"),
        ({"more": BITS}, InputError, "missing: none; unknown: more"),
        ({"bits": BITS.astype(int)}, ShapeMismatchError, r"dtype int.*a mask is bool"),
        ({"bits": BITS[:, :2]}, ShapeMismatchError, r"shape \(3, 2\).*has shape \(3, 3\)"),
        ({"pos": np.full((3, 3), np.inf)}, InputError, r"is inf at index \(0, 0\)"),
        ({"pos": np.full((3, 3), "a")}, ShapeMismatchError, "probes hold numbers"),
        ({"pos": np.float32(1)}, ShapeMismatchError, "is a single number"),
        ({"pos": np.zeros((0, 3)), "bits": np.zeros((0, 3), bool)}, InputError, "no instance"),
        ({"pos": np.zeros((3, 0)), "bits": np.zeros((3, 0), bool)}, InputError, "have 0 nodes"),
    ],
)
def test_inputs_are_checked(change, error, message):
    inputs = {name: value for name, value in (INPUTS | change).items() if value is not None}
    with pytest.raises(error, match=message):
        countdown.traces(inputs)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"hints": lambda i, s: {"left_h": s.astype(float)}},
            InputError,
            "hint.*left_h, but.*bits_h",
        ),
        ({"outputs": lambda i, s: {}}, InputError, "output probes none, but its spec has left"),
        ({"outputs": lambda i, s: {"left": s}}, ShapeMismatchError, "int32, but .*floating"),
        (
            {"outputs": lambda i, s: {"left": i["pos"]}},
            ShapeMismatchError,
            r"shape \(3,\).*with 3 nodes it has shape \(\)",
        ),
    ],
)
def test_what_an_algorithm_shows_is_checked(change, error, message):
    with pytest.raises(error, match=message):
        dataclasses.replace(countdown, **change).traces(INPUTS)


def test_an_index_out_of_range():
    bfs = get("bfs")
    inputs = dict(bfs.sample_inputs(jax.random.key(0), 1, 4))
    for s in (-1, 4):
        with pytest.raises(InputError, match=rf"'s'.* is {s} at .*outside 0 to 3"):
            bfs.traces(inputs | {"s": np.array([s])})
    with pytest.raises(ShapeMismatchError, match="dtype float32, but a mask_one is an int32"):
        bfs.traces(inputs | {"s": np.array([1.0], np.float32)})
