"""Parameters as one vector: an optimiser on many small arrays takes long to compile."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from catalign._typing import PyTree


@dataclass(frozen=True)
class Layout:
    """Where each parameter lies in the vector of all, as a hashable value.

    Law: `unravel(ravel(params))` is `params`, bit by bit.

    Attributes:
      structure: The pytree of the parameters, as JAX's `PyTreeDef`.
      shapes: The shape of each leaf.
      dtypes: The dtype of each leaf.
      names: The name of each leaf.

    Example:
      >>> params = {"bias": jnp.zeros(1), "kernel": jnp.ones((1, 2))}
      >>> layout = Layout.of(params)
      >>> layout.names, layout.ravel(params).tolist()
      (('bias', 'kernel'), [0.0, 1.0, 1.0])
    """

    structure: PyTree
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, params: PyTree) -> "Layout":
        """The layout of a pytree of parameters."""
        named, structure = jax.tree_util.tree_flatten_with_path(params)
        return cls(
            structure,
            tuple(leaf.shape for _, leaf in named),
            tuple(str(leaf.dtype) for _, leaf in named),
            tuple(_name(path) for path, _ in named),
        )

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes)

    def select(self, chosen: Sequence[bool]) -> "Layout":
        """The layout of some of the leaves, as a list."""
        return Layout(
            jax.tree.structure([0] * sum(chosen)),
            tuple(itertools.compress(self.shapes, chosen)),
            tuple(itertools.compress(self.dtypes, chosen)),
            tuple(itertools.compress(self.names, chosen)),
        )

    def ravel(self, params: PyTree) -> Float[Array, "p"]:
        """The vector of a pytree of this layout, in the widest of its dtypes."""
        leaves = self.structure.flatten_up_to(params)
        with jax.numpy_dtype_promotion("standard"):
            dtype = jnp.result_type(*(self.dtypes or (float,)))
        parts = [leaf.reshape(-1).astype(dtype) for leaf in leaves]
        return jnp.concatenate(parts) if parts else jnp.zeros(0, dtype)

    def unravel(self, vector: Float[Array, "p"]) -> PyTree:
        """The pytree of a vector of this layout."""
        leaves, start = [], 0
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            end = start + math.prod(shape)
            leaves.append(vector[start:end].reshape(shape).astype(dtype))
            start = end
        return self.structure.unflatten(leaves)


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
