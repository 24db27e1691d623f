"""How functions on a finite set are stored while they are composed.

| code | of a set of | composed by | where |
|---|---|---|---|
| `Packed` | at most 8 | shifts and masks of one word | everywhere |
| `Images` | any | a gather | step by step: in a tree it takes minutes to compile |
| `OneHot` | any | a sum over all values, one of which is selected | in a tree |
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

LARGEST_PACKED = 8
"""The largest set whose functions fit into a word of 32 bits."""


@dataclass(frozen=True)
class Packed:
    """A function as one word: `ceil(log2 size)` bits an image.

    Attributes:
      size: The size of the set, at most `LARGEST_PACKED`.
    """

    size: int

    @property
    def _bits(self) -> int:
        return max(1, (self.size - 1).bit_length())

    @property
    def _mask(self) -> np.uint32:
        return np.uint32((1 << self._bits) - 1)

    def encode(self, images: Array) -> Array:
        """`[..., size, batch]` as `[..., batch]`."""
        shifted = images.astype(jnp.uint32) << (_states(self.size, images.ndim) * self._bits)
        return jnp.sum(shifted, axis=-2, dtype=jnp.uint32)

    def decode(self, words: Array, dtype: np.dtype) -> Array:
        """The images again."""
        shifts = _states(self.size, words.ndim + 1) * self._bits
        return ((words[..., None, :] >> shifts) & self._mask).astype(dtype)

    def compose(self, first: Array, then: Array) -> Array:
        """`s -> then(first(s))`."""
        bits, mask = np.uint32(self._bits), self._mask
        composed = jnp.zeros_like(first)
        for shift in np.arange(self.size, dtype=np.uint32) * bits:
            image = (first >> shift) & mask
            composed |= ((then >> (image * bits)) & mask) << shift
        return composed


@dataclass(frozen=True)
class Images:
    """A function as its images.

    Attributes:
      size: The size of the set.
    """

    size: int

    def encode(self, images: Array) -> Array:
        """The images as int32."""
        return images.astype(jnp.int32)

    def decode(self, images: Array, dtype: np.dtype) -> Array:
        """The images in their own dtype."""
        return images.astype(dtype)

    def compose(self, first: Array, then: Array) -> Array:
        """`s -> then(first(s))`."""
        return jnp.take_along_axis(then, first, axis=-2)


class OneHot(Images):
    """A function as its images, composed as the product of a one-hot matrix and a vector."""

    def compose(self, first: Array, then: Array) -> Array:
        """`s -> sum over v of [first(s) = v] then(v)`."""
        values = _states(self.size, first.ndim + 1).astype(first.dtype)
        hits = first[..., :, None, :] == values
        return jnp.sum(jnp.where(hits, then[..., None, :, :], 0), axis=-2, dtype=first.dtype)


def code(size: int, *, in_tree: bool) -> Packed | Images | OneHot:
    """Chooses the code by the table above."""
    if size <= LARGEST_PACKED:
        return Packed(size)
    return OneHot(size) if in_tree else Images(size)


def _states(size: int, ndim: int) -> Array:
    """The states along the last axis but one."""
    return jnp.arange(size, dtype=jnp.uint32).reshape((1,) * (ndim - 2) + (size, 1))
