"""What is trained where the settings leave it out."""

import dataclasses

import pytest

from catalign.algorithms.catalogue import get
from catalign.nn.pretrained import pretrained_names
from catalign.training.config import TrainConfig
from catalign.training.default import fill
from tasks import catalogue
from tests.training.stub import COUNT_HIGH


@pytest.mark.parametrize(
    ("name", "processor", "semiring"),
    [
        ("bellman_ford", "aligned", "min_plus"),
        ("bfs", "aligned", "lor_land"),
        ("insertion_sort", "exact", None),
        ("addition", "exact", None),
        ("division", "mpnn", None),
    ],
)
def test_the_aligned_processor_is_trained_where_it_is_claimed_else_the_exact_one_where_it_ships(
    name: str, processor: str, semiring: str | None
) -> None:
    config = fill(get(name), TrainConfig())
    assert (config.processor, config.semiring) == (processor, semiring)
    assert fill(get(name), config) == config


def test_what_is_asked_for_stays() -> None:
    bellman_ford = get("bellman_ford")
    assert fill(bellman_ford, TrainConfig(processor="mpnn")) == TrainConfig(processor="mpnn")
    widest = fill(bellman_ford, TrainConfig(semiring="max_min"))
    assert (widest.processor, widest.semiring) == ("aligned", "max_min")


@pytest.mark.parametrize(
    ("settings", "processor"),
    [
        ({"seed": 3, "sizes": (4, 8), "eval_sizes": (64,), "eval_instances": 2}, "exact"),
        ({"random_pos": True}, "exact"),
        ({"sizes": (4, 64)}, "mpnn"),
        ({"steps": 10}, "mpnn"),
        ({"width": 64}, "mpnn"),
        ({"random_pos": True, "edge_probabilities": (0.5,)}, "mpnn"),
    ],
)
def test_settings_of_a_network_ask_for_one(settings: dict, processor: str) -> None:
    assert fill(get("dfs"), TrainConfig(**settings)).processor == processor


def test_every_algorithm_of_the_list_is_trained_as_it_says() -> None:
    defaults = {row.name: row.processor for row in catalogue.read()}
    assert {name for name, default in defaults.items() if default == "exact"} == {
        name for name in pretrained_names() if defaults[name] != "aligned"
    }


def test_an_algorithm_of_the_user_s_has_no_claim() -> None:
    assert fill(COUNT_HIGH, TrainConfig()).processor == "mpnn"
    for name in ("bellman_ford", "dfs"):
        other = dataclasses.replace(COUNT_HIGH, name=name)
        assert fill(other, TrainConfig()).processor == "mpnn"
