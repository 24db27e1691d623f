"""Random bits and numbers in one fused pass.

`jax.random` runs Threefry as a loop of passes over memory on a CPU, which takes longer than a whole
breadth-first search of the graph that is drawn. Here its rounds are unrolled, so that XLA fuses
them with what reads the bits.
"""

import math

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import KeyArray

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key: tuple[Array, Array], counter: tuple[Array, Array]) -> tuple[Array, Array]:
    """The counter-based generator Threefry-2x32 with 20 rounds.

    Args:
      key: Two words, uint32.
      counter: Two arrays of words, uint32.

    Returns:
      Two arrays of random words, one pair for each counter.

    Example:
      >>> zero = jnp.uint32(0)
      >>> [hex(int(word)) for word in threefry((zero, zero), (zero, zero))]
      ['0x6b200159', '0x99ba4efe']

    Source: Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3.
    """
    keys = (*key, key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = x + y
            y = x ^ ((y << jnp.uint32(rotation)) | (y >> jnp.uint32(32 - rotation)))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return x, y


def bits(key: KeyArray, shape: tuple[int, ...]) -> Array:
    """Random words, uint32."""
    counter = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return threefry(_words(key), (jnp.zeros_like(counter), counter))[0]


def uniform(key: KeyArray, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
    """Uniform numbers in [low, high), of the default float type.

    Maths: `low + (high - low) b / 2^m`, with b of m random bits: 24 in float32, 53 in float64.

    Example:
      >>> draws = uniform(jax.random.key(0), (1000,))
      >>> bool((draws >= 0).all() & (draws < 1).all())
      True
    """
    counter = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    unit = _unit(*threefry(_words(key), (jnp.zeros_like(counter), counter)))
    return unit.dtype.type(low) + unit * unit.dtype.type(high - low)


def uniform_pairs(key: KeyArray, n: int) -> tuple[Array, Array]:
    """Two uniform numbers in [0, 1) for each unordered pair of n nodes, on their own.

    Both matrices are symmetric because the generator counts the pairs so: no transpose, which would
    keep XLA from fusing the draws with what reads them, and in float32 one call of it for both.

    Example:
      >>> one, other = uniform_pairs(jax.random.key(0), 3)
      >>> bool((one == one.T).all()), bool((other == other.T).all()), bool((one == other).any())
      (True, True, False)
    """
    node = jax.lax.iota(jnp.uint32, n)
    low = jnp.minimum(node[:, None], node[None, :])
    high = jnp.maximum(node[:, None], node[None, :])
    counter, key_words = low * jnp.uint32(n) + high, _words(key)
    x, y = threefry(key_words, (jnp.zeros_like(counter), counter))
    if jnp.zeros(()).dtype == jnp.float32:
        return _unit(x, y), _unit(y, x)
    return _unit(x, y), _unit(*threefry(key_words, (jnp.ones_like(counter), counter)))


def _words(key: KeyArray) -> tuple[Array, Array]:
    words = jax.random.key_data(key).astype(jnp.uint32).reshape(-1)
    return words[0], words[-1]


def _unit(x: Array, y: Array) -> Array:
    """A number in [0, 1) of the default float type: its bits are those of x, then of y."""
    dtype = jnp.zeros(()).dtype
    unit = (x >> jnp.uint32(8)).astype(dtype) * dtype.type(2.0**-24)
    if dtype == jnp.float64:
        unit = unit + (y >> jnp.uint32(3)).astype(dtype) * dtype.type(2.0**-53)
    return unit
