"""Laws as losses of a run: they reach the parameters, lower the defects, and need a layer."""

import jax
import numpy as np
import pytest
from flax import nnx

from catalign._errors import InputError
from catalign.algorithms.catalogue import get
from catalign.nn.asynchrony.invariance import LOSSES, draw, invariance_losses
from catalign.nn.asynchrony.law import Invariance
from catalign.nn.build import build_reasoner
from catalign.training.config import TrainConfig
from catalign.training.invariance import law_losses
from catalign.training.loop import train
from tasks import cli
from tasks.train import TrainFlags

KEY = jax.random.key(0)


def layer_of(processor):
    return build_reasoner(get("bfs"), processor, width=4, rngs=nnx.Rngs(1))


BROKEN = {
    "l1_max": [Invariance.ACTION, Invariance.IDEMPOTENCE, Invariance.UNIT],
    "l2_max": [Invariance.MULTIMORPHISM],
    "learned_argument": [Invariance.COCYCLE, Invariance.REPLAY],
}
"""Losses of laws that a layer breaks: every one is there."""


@pytest.mark.parametrize("processor", BROKEN)
def test_a_loss_reaches_the_parameters_that_break_its_law(processor):
    assert {law for laws in BROKEN.values() for law in laws} == set(LOSSES)
    graphdef, params, rest = nnx.split(layer_of(processor), nnx.Param, ...)
    laws = BROKEN[processor]

    def losses(params):
        return law_losses(nnx.merge(graphdef, params, rest), laws, KEY)

    gradients = jax.jit(jax.jacrev(losses))(params)
    for law in laws:
        found = gradients[f"law/{law.value}"]
        norms = {
            jax.tree_util.keystr(path): float(np.abs(leaf).sum())
            for path, leaf in jax.tree_util.tree_leaves_with_path(found)
        }
        touched = [path for path, norm in norms.items() if norm > 0]
        assert touched, law
        assert all("processor" in path for path in touched)


def test_training_lowers_the_defects_beside_the_task():
    config = TrainConfig(
        steps=120,
        sizes=(4,),
        batch_size=4,
        width=8,
        processor="learned_argument",
        invariance=(Invariance.COCYCLE, Invariance.REPLAY),
        invariance_weight=3.0,
        learning_rate=0.01,
        log_every=20,
        eval_every=0,
        eval_sizes=(4,),
        eval_instances=2,
    )
    report = train(get("bfs"), config)
    first, last = report.history[0], report.history[-1]
    for name in ("law/cocycle", "law/replay"):
        assert last[name] < 0.3 * first[name], (name, first[name], last[name])
    assert last["output/pi"] < first["output/pi"]
    parts = sum(v for k, v in last.items() if k.startswith(("output/", "hint/")))
    laws = sum(v for k, v in last.items() if k.startswith("law/"))
    assert last["loss"] == pytest.approx(parts + 3.0 * laws, rel=1e-4)
    fresh = layer_of("learned_argument").processor
    trained = report.reasoner.processor
    before, after = (
        invariance_losses(layer, draw(layer, jax.random.key(7)))["cocycle"]
        for layer in (fresh, trained)
    )
    assert after < 0.5 * before


def test_other_processors_and_names_are_refused():
    config = TrainConfig(steps=1, sizes=(4,), processor="mpnn", invariance=(Invariance.UNIT,))
    with pytest.raises(InputError, match=r"asks for unit, but MPNN is not made of"):
        train(get("bfs"), config)
    with pytest.raises(InputError, match="`invariance` holds 'unit'"):
        TrainConfig(invariance=("unit",))
    with pytest.raises(InputError, match="it may hold 'action'"):
        TrainConfig.from_dict({"invariance": ["unity"]})
    with pytest.raises(InputError, match="`invariance_weight` is -1"):
        TrainConfig(invariance_weight=-1.0)


def test_the_settings_are_flags_and_survive_json():
    words = ["--task=bfs", "--invariance", "cocycle", "replay", "--invariance-weight=0.5"]
    config = cli.parse(TrainFlags, words, prog="train").config
    assert config.invariance == (Invariance.COCYCLE, Invariance.REPLAY)
    assert TrainConfig.from_dict(config.to_dict()) == config
    assert config.to_dict()["invariance"] == ["cocycle", "replay"]
