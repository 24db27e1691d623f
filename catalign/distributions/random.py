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
    words = jax.random.key_data(key).astype(jnp.uint32).reshape(-1)
    counter = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return threefry((words[0], words[-1]), (jnp.zeros_like(counter), counter))[0]


def uniform(key: KeyArray, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
    """Uniform numbers in [low, high), of the default float type.

    Maths: `low + (high - low) b / 2^m`, with b of m random bits: 24 in float32, 53 in float64.

    Example:
      >>> draws = uniform(jax.random.key(0), (1000,))
      >>> bool((draws >= 0).all() & (draws < 1).all())
      True
    """
    words = jax.random.key_data(key).astype(jnp.uint32).reshape(-1)
    counter = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    x, y = threefry((words[0], words[-1]), (jnp.zeros_like(counter), counter))
    dtype = jnp.zeros(()).dtype
    unit = (x >> jnp.uint32(8)).astype(dtype) * dtype.type(2.0**-24)
    if dtype == jnp.float64:
        unit = unit + (y >> jnp.uint32(3)).astype(dtype) * dtype.type(2.0**-53)
    return dtype.type(low) + unit * dtype.type(high - low)
