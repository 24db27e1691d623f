"""Devices that share each batch: the same run as on one device."""

import os
import subprocess
import sys

import jax
import pytest

from catalign._errors import InputError
from catalign.training.step import make_mesh

PROGRAM = """
import dataclasses

import jax
import numpy as np
from flax import nnx

from catalign.algorithms.catalogue import get
from catalign.training.config import TrainConfig
from catalign.training.event import Started
from catalign.training.loop import train

assert jax.local_device_count() == 2
CONFIG = TrainConfig(
    steps=6, batch_size=6, sizes=(5,), width=8, processor="mpnn", updates_per_dispatch=3,
    trace_steps=4, log_every=3, eval_every=0, eval_sizes=(5,), eval_instances=2,
    teacher_forcing=0.5,
)


def losses(config, **given):
    told = []
    report = train(get("bfs"), config, on_event=told.append, **given)
    for leaf in jax.tree.leaves(nnx.state(report.reasoner, nnx.Param)):
        assert np.isfinite(leaf).all()
    devices = [event.device for event in told if isinstance(event, Started)]
    return devices, [[row[n] for n in row if n != "seconds"] for row in report.history]


(both,), shared = losses(CONFIG)
(one,), alone = losses(CONFIG, devices=jax.local_devices()[:1])
assert (both[:6], one[:3]) == ("2 x cp", "cpu"), (both, one)
np.testing.assert_allclose(shared, alone, rtol=2e-5)
# Without the other device's part there is another result: the comparison can fail.
_, other = losses(dataclasses.replace(CONFIG, batch_size=3), devices=jax.local_devices()[:1])
assert not np.allclose(other, alone, rtol=2e-5)
print("the same")
"""


def test_two_devices_give_what_one_gives() -> None:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip().endswith("the same"), done.stderr[-2000:]


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    device = jax.devices()[0]
    says = "`batch_size` is 7, but 2 devices share .* a multiple of 2, such as 6, or fewer"
    with pytest.raises(InputError, match=says):
        make_mesh(7, [device, device])
    with pytest.raises(InputError, match="`devices` is empty"):
        make_mesh(7, [])
    assert make_mesh(7, [device]) is None
