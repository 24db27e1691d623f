"""Checkpoints: a state on disk, written in the background, whole or absent, checked when read.

Orbax writes each checkpoint to a temporary folder and renames it when it is complete, so that a
process killed while it writes leaves the ones before. The state is packed into one array with a
digest: Orbax alone does not notice a flipped bit in the values.
"""

import hashlib
import json
from os import PathLike
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from orbax.checkpoint.experimental.v1 import training as orbax

from catalign._typing import PyTree
from catalign.training.failure import CheckpointError

_DIGEST = hashlib.sha256().digest_size
_WORD = 8


class CheckpointStore:
    """The checkpoints of one run, the newest few.

    Args:
      directory: Where they are, one folder a step.
      keep: How many to keep.
      read_only: Whether another process may be writing here, so that its unfinished files stay.

    Example:
      >>> import tempfile
      >>> store = CheckpointStore(tempfile.mkdtemp())
      >>> store.save(7, {"w": jnp.arange(3)})
      >>> store.close()
      >>> store.restore({"w": jnp.zeros(3, jnp.int32)}, step=7)["w"].tolist()
      [0, 1, 2]
    """

    def __init__(
        self, directory: str | PathLike[str], *, keep: int = 3, read_only: bool = False
    ) -> None:
        self.directory = Path(directory).absolute()
        self._checkpointer = orbax.Checkpointer(
            str(self.directory),
            # Orbax's own policy does not fit Orbax's own protocol, which names another row type.
            preservation_policy=orbax.preservation_policies.LatestN(keep),  # pyright: ignore[reportArgumentType]
            cleanup_tmp_directories=not read_only,
        )
        self._saved = False

    def steps(self) -> list[int]:
        """The steps of all complete checkpoints, ascending."""
        return [found.step for found in self._checkpointer.checkpoints]

    def save(self, step: int, state: PyTree) -> None:
        """Saves a state, in the background after the first time.

        The first save waits until it is complete, so that a folder that cannot be written to is
        noticed at once. A later one waits for the one before. The values are copied first: the
        state may be donated afterwards.
        """
        response = self._checkpointer.save_async(
            step, {"state": _pack(state)}, force=True, overwrite=step in self.steps()
        )
        if not self._saved and response is not None:
            response.result()
        self._saved = True

    def restore(
        self, template: PyTree, *, step: int | None = None, partial: bool = False
    ) -> PyTree:
        """Reads a state back, bit by bit as it was saved.

        Args:
          template: A state, or its `jax.eval_shape`, of the same structure, shapes and dtypes.
          step: Which one; the newest if left out.
          partial: Whether the checkpoint may hold more than `template`.

        Raises:
          CheckpointError: There is none, it is damaged, or it does not fit `template`.
        """
        steps = self.steps()
        if not steps or (step is not None and step not in steps):
            of_step = "" if step is None else f" of step {step}"
            raise CheckpointError(
                f"{str(self.directory)!r} holds no checkpoint{of_step}; "
                f"it has: {', '.join(map(str, steps)) or 'none'}."
            )
        chosen = steps[-1] if step is None else step
        path = self.directory / str(chosen)
        try:
            packed = self._checkpointer.load(chosen)["state"]
            names, leaves = _unpack(np.asarray(packed))
        # Orbax raises whatever its readers raise, of many types, and with pages of text.
        except Exception as error:
            older = [s for s in steps if s < chosen]
            then = f"from step {older[-1]}" if older else "from the start"
            raise CheckpointError(
                f"The checkpoint {str(path)!r} is damaged ({_first_line(error)}). "
                f"Delete that folder and rerun to go on {then}."
            ) from error
        return _fill(template, names, leaves, path, partial=partial)

    def wait(self) -> None:
        """Waits until every save is complete."""
        self._checkpointer.wait()

    def close(self) -> None:
        """Waits until every save is complete and frees the writer."""
        self._checkpointer.close()


def _named_leaves(state: PyTree) -> dict[str, Any]:
    paths, _ = jax.tree_util.tree_flatten_with_path(state)
    return {jax.tree_util.keystr(path): leaf for path, leaf in paths}


def _pack(state: PyTree) -> np.ndarray:
    """The digest of the rest, the length of the header, the header and the values, as bytes."""
    leaves = {name: np.asarray(leaf) for name, leaf in jax.device_get(_named_leaves(state)).items()}
    header = json.dumps(
        [[name, str(x.dtype), list(x.shape)] for name, x in leaves.items()]
    ).encode()
    body = b"".join(
        [len(header).to_bytes(_WORD, "big"), header, *(x.tobytes() for x in leaves.values())]
    )
    return np.frombuffer(hashlib.sha256(body).digest() + body, np.uint8)


def _unpack(packed: np.ndarray) -> tuple[list[str], list[np.ndarray]]:
    data = packed.tobytes()
    if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        raise ValueError("its values do not match its digest")
    start = _DIGEST + _WORD + int.from_bytes(data[_DIGEST : _DIGEST + _WORD], "big")
    names, leaves = [], []
    for name, dtype, shape in json.loads(data[_DIGEST + _WORD : start]):
        kind = jnp.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        names.append(name)
        leaves.append(np.frombuffer(data[start : start + size], kind).reshape(shape))
        start += size
    return names, leaves


def _fill(
    template: PyTree, names: list[str], leaves: list[np.ndarray], where: Path, *, partial: bool
) -> PyTree:
    expected = {name: (x.shape, x.dtype) for name, x in _named_leaves(template).items()}
    found = {name: (x.shape, x.dtype) for name, x in zip(names, leaves, strict=True)}
    for name in expected if partial else [*expected, *found]:
        if expected.get(name) != found.get(name):
            raise CheckpointError(
                f"The checkpoint {str(where)!r} is of another model: "
                f"{name} is {_show(found.get(name))} there and {_show(expected.get(name))} here. "
                "Use the settings and the version that it was saved with."
            )
    values = dict(zip(names, leaves, strict=True))
    return jax.tree.unflatten(
        jax.tree.structure(template), [jnp.asarray(values[name]) for name in expected]
    )


def _show(kind: tuple[tuple[int, ...], np.dtype] | None) -> str:
    return "absent" if kind is None else f"{kind[1]}{list(kind[0])}"


def _first_line(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
