"""What is trained where the settings leave it out."""

import dataclasses

import pytest

from catalign.algorithms.catalogue import get
from catalign.training.config import TrainConfig
from catalign.training.default import fill
from tests.training.stub import COUNT_HIGH


@pytest.mark.parametrize(
    ("name", "processor", "semiring"),
    [
        ("bellman_ford", "aligned", "min_plus"),
        ("bfs", "aligned", "lor_land"),
        ("insertion_sort", "mpnn", None),
    ],
)
def test_the_aligned_processor_is_trained_where_it_is_claimed(
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


def test_an_algorithm_of_the_user_s_has_no_claim() -> None:
    assert fill(COUNT_HIGH, TrainConfig()).processor == "mpnn"
    other = dataclasses.replace(COUNT_HIGH, name="bellman_ford")
    assert fill(other, TrainConfig()).processor == "mpnn"
