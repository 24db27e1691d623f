"""Tests of the settings that training starts from."""

import pytest

from catalign.algorithms.catalogue import names
from tasks.presets import PRESETS, asked, preset


def test_presets_are_of_known_tasks():
    assert set(PRESETS) <= set(names())


def test_the_main_task_is_scored_far_beyond_its_training_sizes():
    found = preset("bellman_ford")
    assert max(found.sizes) == 16
    assert found.eval_sizes == (16, 64, 256, 1024)
    assert found.learning_rate == preset("mine.py:widest", "aligned").learning_rate


def test_another_processor_takes_its_own_settings():
    assert preset("bellman_ford", "mpnn") == preset("mine.py:widest")


@pytest.mark.parametrize(
    ("argv", "value"),
    [(["--task=a"], "a"), (["-x", "--task", "a"], "a"), (["--task"], ""), ([], "")],
)
def test_asked(argv, value):
    assert asked("--task", argv) == value
