"""Checkpoints: bit by bit, in the background, complete or absent, and never wrong."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign.training.checkpoint import CheckpointStore
from catalign.training.failure import CheckpointError


def _state(scale: float = 1.0) -> dict:
    """Every dtype that a state may hold, with values that are easily lost."""
    return {
        "params": {"w'[0]/x": jnp.asarray([0.1, -0.0, np.inf, np.nan, 1e-45], jnp.float32) * scale},
        "half": (jnp.asarray([[1.5, 2.25]], jnp.bfloat16), jnp.zeros((0, 3), jnp.float32)),
        "step": jnp.int32(2**31 - 1),
        "flag": jnp.bool_(True),
        "large": jnp.arange(5000, dtype=jnp.float32) * scale,
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    store = CheckpointStore(folder, keep=2)
    for step in (1, 2, 3):
        store.save(step, _state(step))
    store.close()
    return folder


def _bits(state: dict) -> list[bytes]:
    return [np.asarray(x).tobytes() for x in jax.tree.leaves(state)]


def test_what_is_read_is_what_was_saved(saved: Path) -> None:
    store = CheckpointStore(saved, read_only=True)
    assert store.steps() == [2, 3]
    template = jax.eval_shape(_state)
    for step, found in ((3, store.restore(template)), (2, store.restore(template, step=2))):
        assert _bits(found) == _bits(_state(step))
        assert jax.tree.structure(found) == jax.tree.structure(template)
        assert [x.dtype for x in jax.tree.leaves(found)] == [
            x.dtype for x in jax.tree.leaves(template)
        ]
    store.close()


def test_the_values_saved_are_those_at_the_call(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save(1, {"x": jnp.zeros(3)})
    values = np.full(200_000, 7.0, np.float32)
    store.save(2, {"x": values})
    values[:] = 0.0
    store.wait()
    assert bool(jnp.all(store.restore({"x": values})["x"] == 7.0))
    store.save(2, {"x": jnp.ones(200_000)})
    store.close()
    store = CheckpointStore(tmp_path)
    assert float(store.restore({"x": values})["x"][0]) == 1.0
    store.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"large": jnp.zeros(4)}, r"\['large'\] is float32\[5000\] there and float32\[4\] here"),
        ({"step": jnp.float32(0)}, r"\['step'\] is int32\[\] there and float32\[\] here"),
        ({"new": jnp.zeros(1)}, r"\['new'\] is absent there"),
        ({"flag": None}, r"\['flag'\] is bool\[\] there and absent here"),
    ],
)
def test_a_state_of_another_model_is_refused(saved: Path, change: dict, message: str) -> None:
    store = CheckpointStore(saved, read_only=True)
    with pytest.raises(CheckpointError, match=message):
        store.restore(_state() | change)
    store.close()


def test_a_missing_checkpoint_is_named(saved: Path, tmp_path: Path) -> None:
    store = CheckpointStore(saved, read_only=True)
    with pytest.raises(CheckpointError, match="holds no checkpoint of step 9; it has: 2, 3"):
        store.restore(_state(), step=9)
    store.close()
    empty = CheckpointStore(tmp_path)
    with pytest.raises(CheckpointError, match="holds no checkpoint; it has: none"):
        empty.restore(_state())
    empty.close()


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink])
def test_damage_is_noticed_and_the_fix_is_said(saved: Path, tmp_path: Path, damage: object) -> None:
    """A flipped bit in the values is what Orbax itself does not notice."""
    folder = tmp_path / "copy"
    shutil.copytree(saved, folder)
    files = [path for path in (folder / "3" / "state").rglob("*") if path.is_file()]
    damage(max(files, key=lambda path: path.stat().st_size))
    store = CheckpointStore(folder)
    with pytest.raises(
        CheckpointError, match=r"3' is damaged .*Delete that folder and rerun to go on from step 2"
    ) as e:
        store.restore(_state())
    assert "\n" not in str(e.value)
    assert len(str(e.value)) < 500
    shutil.rmtree(folder / "2")
    store.close()
    store = CheckpointStore(folder)
    with pytest.raises(CheckpointError, match="from the start"):
        store.restore(_state())
    store.close()


def test_a_process_killed_while_it_saves_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    code = f"""
        import os, signal
        import jax.numpy as jnp
        from catalign.training.checkpoint import CheckpointStore
        folder = {str(tmp_path)!r}
        store = CheckpointStore(folder)
        store.save(1, {{"x": jnp.ones(3_000_000)}})
        store.save(2, {{"x": jnp.zeros(3_000_000)}})
        while not any(name.startswith("2") for name in os.listdir(folder)):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=dict(os.environ), check=False
    )
    assert done.returncode == -signal.SIGKILL
    unfinished = [path.name for path in tmp_path.iterdir() if "tmp" in path.name]
    store = CheckpointStore(tmp_path)
    assert store.steps() in ([1], [1, 2])
    assert unfinished or store.steps() == [1, 2]
    found = store.restore({"x": jnp.zeros(3_000_000)}, step=1)
    assert bool(jnp.all(found["x"] == 1.0))
    store.save(2, {"x": jnp.zeros(3)})
    assert store.steps() == [1, 2]
    store.close()
