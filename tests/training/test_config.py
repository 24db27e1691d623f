"""Settings: their checks, and their way to JSON and back."""

import json
import subprocess
import sys

import pytest

from catalign._errors import InputError
from catalign.training.config import HintMode, Keep, Schedule, SizeOrder, TrainConfig


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "`steps` is 0, but it must be a whole number of at least 1"),
        ({"steps": 2.5}, "`steps` is 2.5"),
        ({"batch_size": True}, "`batch_size` is True"),
        ({"sizes": ()}, "`sizes` is (), but it must hold sizes"),
        ({"sizes": (4, 0)}, "`sizes` is 0"),
        ({"sizes": "16"}, "`sizes` is '16'"),
        ({"eval_sizes": 64}, "`eval_sizes` is 64"),
        ({"learning_rate": 0.0}, "`learning_rate` is 0.0, but it must be a finite number above 0"),
        ({"learning_rate": float("nan")}, "`learning_rate` is nan"),
        ({"clip": float("inf")}, "`clip` is inf"),
        ({"teacher_forcing": 1.5}, "at least 0, at most 1"),
        ({"hint_weight": -1.0}, "`hint_weight` is -1.0"),
        ({"seed": -1}, "`seed` is -1"),
        ({"seed": 2**31}, "`seed` is 2147483648"),
        ({"trace_steps": 1}, "`trace_steps` is 1"),
        ({"warmup_steps": 5, "steps": 5}, "warm up for fewer"),
        (
            {"hints": "none"},
            "`hints` is 'none', but it must be one of HintMode.ENCODED_DECODED, HintMode.DECODED",
        ),
        ({"schedule": None}, "`schedule` is None"),
        ({"processor": ""}, "`processor` is ''"),
        ({"edge_probabilities": (0.5, 1.5)}, "`edge_probabilities` is 1.5"),
        ({"edge_probabilities": 0.5}, "`edge_probabilities` is 0.5, but it must hold numbers"),
        ({"max_needle": 0}, "`max_needle` is 0"),
        ({"validation_instances": 0}, "`validation_instances` is 0"),
        ({"size_order": "drawn"}, "one of SizeOrder.TURNS, SizeOrder.DRAWN"),
        ({"size_weights": (1.0,) * 5}, "sizes take turns: set `size_order` to drawn"),
        (
            {"size_weights": (1.0,), "size_order": SizeOrder.DRAWN},
            "`size_weights` holds 1 numbers, but `sizes` holds 5",
        ),
        (
            {"size_weights": (1.0, 0.0), "sizes": (4, 8), "size_order": SizeOrder.DRAWN},
            "`size_weights` is 0.0",
        ),
        ({"keep": Keep.BEST, "eval_every": 0}, "nothing is validated"),
        ({"keep": Keep.BEST, "eval_every": 9, "steps": 5}, "nothing is validated"),
    ],
)
def test_a_bad_setting_is_named(values: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        TrainConfig(**values)
    assert message in str(caught.value)


def test_settings_survive_json() -> None:
    config = TrainConfig(
        sizes=[4, 8],
        size_order=SizeOrder.DRAWN,
        size_weights=[1.0, 2.0],
        edge_probabilities=[0.1, 0.9],
        max_needle=3,
        random_pos=True,
        hints=HintMode.NONE,
        schedule=Schedule.COSINE,
        keep=Keep.BEST,
        processor="mpnn",
        seed=7,
    )
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert config.sizes == (4, 8)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stepz": 3}, "stepz, which this version does not know"),
        ({"hints": "all"}, "'encoded_decoded', 'decoded', 'none'"),
    ],
)
def test_damaged_settings_are_named(values: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainConfig.from_dict(values)


def test_settings_and_run_folders_need_no_jax() -> None:
    modules = "catalign.training.config, catalign.training.directory, catalign.training.preset"
    code = f"import sys, {modules}; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
