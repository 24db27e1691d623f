"""Names for shapes and callables that many modules share."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from jax import Array
from jaxtyping import Bool, Float, Int, Key, Num, Shaped

PyTree: TypeAlias = Any
Probes: TypeAlias = Mapping[str, Array]
"""Values of probes by name: the inputs, one hint step, or the outputs of an algorithm."""

Device: TypeAlias = Any
"""A `jax.Device`, which is a variable to type checkers."""
KeyArray: TypeAlias = Key[Array, ""]
Index: TypeAlias = Int[Array, ""]
Flag: TypeAlias = Bool[Array, ""]
Scalar: TypeAlias = Float[Array, ""]
NodeValues: TypeAlias = Shaped[Array, "n *d"]
EdgeMatrix: TypeAlias = Num[Array, "n n"]
AdjacencyMask: TypeAlias = Bool[Array, "n n"]
