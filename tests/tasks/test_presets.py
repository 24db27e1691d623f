"""Tests of the settings that training starts from."""

import dataclasses

import pytest

from catalign._errors import InputError
from catalign.algorithms.catalogue import names
from tasks.presets import (
    PRESETS,
    Preset,
    asked,
    asked_preset,
    changes,
    compose,
    explicit,
    preset,
)


def test_presets_are_of_known_tasks():
    assert set(PRESETS) <= set(names())


def test_the_main_task_is_scored_far_beyond_its_training_sizes():
    found = preset("bellman_ford")
    assert max(found.sizes) == 16
    assert found.eval_sizes == (16, 64, 256, 1024)
    assert found.learning_rate == preset("mine.py:widest", "aligned").learning_rate


def test_another_processor_takes_its_own_settings():
    assert preset("bellman_ford", "mpnn") == preset("mine.py:widest")


def test_explicit_settings_go_before_those_of_a_preset_whatever_they_are():
    base = Preset.IBARZ2022.settings("bfs")
    words = ["--width=8", "--no-harden", "--random_pos", "--sizes", "4", "7", "11", "13", "16"]
    names = explicit([*words, "--tasks", "kmp_matcher"])
    assert names == {"width", "harden", "random_pos", "sizes"}
    given = dataclasses.replace(base, width=8, harden=False)
    found = compose(Preset.IBARZ2022, "kmp_matcher", given, names)
    assert found.sizes == (4, 7, 11, 13, 16)
    assert (found.width, found.harden, found.max_needle) == (8, False, 8)
    assert compose(Preset.IBARZ2022, "kmp_matcher", given, frozenset()).sizes == (20,)


def test_what_is_changed_is_told():
    base = Preset.IBARZ2022.settings("bfs")
    assert changes(Preset.IBARZ2022, "bfs", base) == "preset ibarz2022, unchanged"
    other = dataclasses.replace(base, steps=2000, seed=3)
    assert changes(Preset.IBARZ2022, "bfs", other).endswith("but steps is 2000, not 10000")


def test_an_unknown_preset_is_named():
    with pytest.raises(InputError, match="--preset is 'ibarz', but there is only: ibarz2022"):
        asked_preset(["--preset", "ibarz"])


@pytest.mark.parametrize(
    ("argv", "value"),
    [(["--task=a"], "a"), (["-x", "--task", "a"], "a"), (["--task"], ""), ([], "")],
)
def test_asked(argv, value):
    assert asked("--task", argv) == value
