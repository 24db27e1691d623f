"""The law that a run trains on: each ingredient varies what it says, and nothing else."""

import dataclasses
import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import CLRS_30, get
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.spec import Spec
from catalign.distributions.graph import Acyclic, ErdosRenyi
from catalign.distributions.graph_family import Communities, Complete
from catalign.training import run
from catalign.training.config import SizeOrder, TrainConfig
from catalign.training.discrete.family import families
from catalign.training.loop import train
from catalign.training.preset import ibarz2022
from catalign.training.recipe import random_positions, takes, training_law, with_probabilities
from catalign.training.step import size_at
from tests.training.stub import CONFIG, COUNT_HIGH, build

KEY = jax.random.key(0)
PLACED = dataclasses.replace(
    COUNT_HIGH,
    spec=Spec(POS, *COUNT_HIGH.spec),
    sampler=lambda key, size: {"pos": positions(size), **COUNT_HIGH.sampler(key, size)},
)
"""The stub's algorithm, with places to redraw."""


def _drawn(name, size=12, batch=200, **values):
    law = training_law(get(name), TrainConfig(**values))
    return jax.device_get(law.sample_inputs(KEY, batch, size))


@pytest.mark.parametrize("lengths", [(7,), (3, 1), (2, 5)])
def test_random_places_are_the_order_statistics_of_uniform_numbers_in_each_part(lengths):
    """They ascend, and the k-th of n has mean k / (n + 1): sorted over all, or not, would fail."""
    pos = jnp.concatenate([positions(n) for n in lengths])
    draw = jax.jit(jax.vmap(random_positions, (0, None)))
    found = np.asarray(draw(jax.random.split(KEY, 4000), pos))
    for part, n in zip(np.split(found, np.cumsum(lengths)[:-1], axis=1), lengths, strict=True):
        assert (np.diff(part, axis=1) >= 0).all()
        assert ((part >= 0) & (part < 1)).all()
        np.testing.assert_allclose(part.mean(axis=0), np.arange(1, n + 1) / (n + 1), atol=0.02)
    assert len(np.unique(found[:, 0])) > 3000


def test_random_places_change_no_instance_and_no_trace():
    bfs, moved = get("bfs"), training_law(get("bfs"), TrainConfig(random_pos=True))
    plain, other = (jax.device_get(a.sample(KEY, 4, 6)) for a in (bfs, moved))
    assert not np.allclose(plain.inputs["pos"], other.inputs["pos"])
    for name in ("A", "adj", "s"):
        np.testing.assert_array_equal(plain.inputs[name], other.inputs[name])
    for name, value in plain.hints.items():
        np.testing.assert_array_equal(value, other.hints[name])
    np.testing.assert_array_equal(plain.outputs["pi"], other.outputs["pi"])


def test_a_varied_sampler_takes_the_laws_that_the_algorithm_s_takes():
    bfs, moved = get("bfs"), training_law(get("bfs"), TrainConfig(random_pos=True))
    assert [f.name for f in families(moved)] == [f.name for f in families(bfs)]
    drawn = moved.sample_inputs(KEY, 1, 5, graph=Complete())
    assert drawn["adj"].all()
    assert not np.allclose(drawn["pos"], positions(5))


def test_the_two_strings_of_a_matcher_have_places_of_their_own():
    drawn = _drawn("naive_string_matcher", size=20, random_pos=True, max_needle=8)
    rises = np.diff(drawn["pos"], axis=1) >= 0
    inside = drawn["string"][:, 1:] == drawn["string"][:, :-1]
    assert rises[inside].all()
    assert not rises[~inside].all()


def test_each_graph_has_one_of_the_probabilities():
    drawn = _drawn("bfs", size=16, edge_probabilities=(0.0, 1.0))
    edges = drawn["adj"].sum(axis=(1, 2))
    assert set(edges.tolist()) == {16, 256}
    # Undirected: an edge needs both of its ordered pairs.
    density = _drawn("bfs", size=40, edge_probabilities=(0.4,))["A"].mean()
    assert abs(density - (0.4**2 * 39 + 0.4) / 40) < 0.01
    density = _drawn("dfs", size=40, edge_probabilities=(0.4,))["A"].mean()
    assert abs(density - 0.4) < 0.01


def test_laws_are_rebuilt_with_the_probabilities():
    p = (0.1, 0.9)
    assert with_probabilities(ErdosRenyi(0.5, directed=True), p) == ErdosRenyi(p, directed=True)
    assert with_probabilities(Acyclic(ErdosRenyi(0.5)), p) == Acyclic(ErdosRenyi(p))
    assert with_probabilities(Communities(between=0.2), p) == Communities(p=p, between=0.2)
    with pytest.raises(InputError, match=r"Complete\(\), which has no edge probability"):
        with_probabilities(Complete(), p)


def test_communities_take_one_of_the_probabilities():
    law = training_law(
        get("strongly_connected_components"), TrainConfig(edge_probabilities=(0.0, 1.0))
    )
    edges = jax.device_get(law.sample_inputs(KEY, 100, 16))["A"].sum(axis=(1, 2))
    assert (edges < 10).any()
    assert (edges > 50).any()


def test_needles_are_uniform_from_one_to_the_longest():
    needle = _drawn("kmp_matcher", size=20, batch=2000, max_needle=8)["string"].sum(axis=1)
    share = np.bincount(needle, minlength=9)[1:] / 2000
    assert needle.min() == 1
    assert needle.max() == 8
    np.testing.assert_allclose(share, 1 / 8, atol=0.03)
    assert set(_drawn("kmp_matcher", size=20)["string"].sum(axis=1)) == {4}


@pytest.mark.parametrize(
    ("task", "values", "message"),
    [
        ("minimum", {"edge_probabilities": (0.5,)}, "`edge_probabilities` .* of minimum has no"),
        ("bfs", {"max_needle": 3}, "`max_needle` is given, but the sampler of bfs"),
    ],
)
def test_what_an_algorithm_does_not_draw_is_named(task, values, message):
    with pytest.raises(InputError, match=message):
        training_law(get(task), TrainConfig(**values))


def test_a_sampler_without_edge_probability_takes_none():
    bfs, config = get("bfs"), TrainConfig(edge_probabilities=(0.5,))
    dense = dataclasses.replace(bfs, sampler=functools.partial(bfs.sampler, graph=Complete()))
    assert [takes(each, config, "edge_probabilities") for each in (bfs, dense)] == [True, False]
    assert takes(dense, TrainConfig(), "edge_probabilities")


def test_equal_settings_share_one_law_and_nothing_varied_is_the_algorithm():
    bfs = get("bfs")
    assert training_law(bfs, TrainConfig(seed=3)) is bfs
    laws = [training_law(bfs, TrainConfig(random_pos=True, seed=seed)) for seed in (0, 1)]
    assert laws[0] is laws[1]
    # Without places to move, there is nothing to vary.
    assert training_law(COUNT_HIGH, TrainConfig(random_pos=True)) is COUNT_HIGH


def test_updates_and_validations_draw_from_the_law_and_the_final_scores_do_not(monkeypatch):
    seen = []

    def spy(name, place):
        real = getattr(run, name)

        def call(*args, **rest):
            algorithm = rest.get("algorithm") or args[place]
            seen.append((name, algorithm))
            return real(*args, **rest)

        monkeypatch.setattr(run, name, call)

    spy("evaluate", 1)
    spy("dispatch", 0)
    spy("choose_trace_steps", 0)
    config = dataclasses.replace(CONFIG, random_pos=True, steps=4, eval_every=4, harden=False)
    law = training_law(PLACED, config)
    assert law is not PLACED
    train(PLACED, config, build=build)
    assert [(name, algorithm is law) for name, algorithm in seen] == [
        ("choose_trace_steps", True),
        ("dispatch", True),
        ("evaluate", True),
        ("evaluate", False),
    ]


def test_drawn_sizes_follow_their_weights_and_depend_on_the_seed_and_place_alone():
    config = TrainConfig(sizes=(4, 16), size_order=SizeOrder.DRAWN, size_weights=(3.0, 1.0))
    turns = range(0, 20_000, 10)
    drawn = [size_at(step, config) for step in turns]
    assert abs(drawn.count(4) / len(drawn) - 0.75) < 0.03
    assert drawn[7:9] == [size_at(step, config) for step in (75, 89)]
    other = TrainConfig(sizes=(4, 16), size_order=SizeOrder.DRAWN, seed=1)
    assert [size_at(step, other) for step in turns] != drawn
    assert abs([size_at(s, other) for s in turns].count(4) / len(drawn) - 0.5) < 0.04
    assert [size_at(s, TrainConfig(sizes=(4, 16))) for s in (0, 9, 10, 20)] == [4, 4, 16, 4]


@pytest.mark.parametrize("name", CLRS_30)
def test_the_preset_fits_every_algorithm(name):
    algorithm, config = get(name), ibarz2022(name)
    law = training_law(algorithm, config)
    draws_graphs = "graph" in inspect.signature(algorithm.sampler).parameters
    assert bool(config.edge_probabilities) == draws_graphs
    drawn = jax.eval_shape(lambda key: dict(law.sampler(key, max(config.sizes))), KEY)
    assert set(drawn) == {p.name for p in algorithm.spec.inputs}
    assert min(config.sizes) >= algorithm.min_size


def test_the_preset_says_what_was_published():
    config = ibarz2022("bfs")
    assert (config.steps, config.batch_size, config.learning_rate, config.clip) == (
        10_000,
        32,
        1e-3,
        1.0,
    )
    assert config.sizes == (4, 7, 11, 13, 16)
    assert config.edge_probabilities == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    halved = ibarz2022("bridges").edge_probabilities
    np.testing.assert_allclose(halved, np.arange(1, 10) / 20)
    assert ibarz2022("kmp_matcher").eval_sizes == (20, 80)
    # A single node is soon right on a few instances: the benchmark validates on more of them.
    assert [ibarz2022(n).validation_instances for n in ("bfs", "minimum")] == [64, 64 * 64]
    assert TrainConfig.from_dict(config.to_dict()) == config
