"""Fields on node pairs that are linear images of a few channels, kept as these channels."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Float

from catalign.nn.linear import product


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class PairField:
    """A field on `V*V` of width w that was encoded from c channels, not formed yet.

    Maths: `x_uv = features_uv kernel + bias`.

    Probes at the node pairs have a channel or two, and every layer that reads their encoding maps
    it linearly. Composing both maps first costs `c w w`, in place of the `n n w w` of a map of the
    formed field.

    Law: `through(linear, field)` is `linear(field.array())`, up to rounding.

    Attributes:
      features: The channels.
      kernel: What each channel is encoded to.
      bias: Added everywhere.

    Example:
      >>> field = PairField(jnp.ones((2, 2, 1)), jnp.array([[3.0, 4.0]]), jnp.zeros(2))
      >>> (field + field).array()[0, 0].tolist()
      [6.0, 8.0]
    """

    features: Float[Array, "n n c"]
    kernel: Float[Array, "c w"]
    bias: Float[Array, " w"]

    @classmethod
    def empty(cls, n: int, width: int, dtype: DTypeLike) -> "PairField":
        """The field that is zero everywhere, of no channel."""
        return cls(
            jnp.zeros((n, n, 0), dtype), jnp.zeros((0, width), dtype), jnp.zeros(width, dtype)
        )

    @classmethod
    def of(cls, linear: nnx.Linear, features: Float[Array, "n n c"]) -> "PairField":
        """The image of channels under a linear map with a bias."""
        assert linear.bias is not None
        return cls(features, linear.kernel[...], linear.bias[...])

    def __add__(self, other: "PairField") -> "PairField":
        return PairField(
            jnp.concatenate([self.features, other.features], axis=-1),
            jnp.concatenate([self.kernel, other.kernel]),
            self.bias + other.bias,
        )

    def array(self) -> Float[Array, "n n w"]:
        """The field itself."""
        return product(self.features, self.kernel) + self.bias[None, None]

    def beside(self, formed: Float[Array, "n n v"]) -> "PairField":
        """This field and a formed one, side by side, of width w + v."""
        c, w = self.kernel.shape
        v, dtype = formed.shape[-1], self.kernel.dtype
        above = jnp.concatenate([self.kernel, jnp.zeros((c, v), dtype)], axis=-1)
        below = jnp.concatenate([jnp.zeros((v, w), dtype), jnp.eye(v, dtype=dtype)], axis=-1)
        return PairField(
            jnp.concatenate([self.features, formed], axis=-1),
            jnp.concatenate([above, below]),
            jnp.concatenate([self.bias, jnp.zeros(v, dtype)]),
        )

    def through(self, linear: nnx.Linear) -> Float[Array, "n n v"]:
        """The field under a linear map."""
        weight, shift = linear.kernel[...], self.bias @ linear.kernel[...]
        if linear.bias is not None:
            shift = shift + linear.bias[...]
        return PairField(self.features, self.kernel @ weight, shift).array()


PairValues = Float[Array, "n n w"] | PairField
"""A field on `V*V`, formed or not."""


def through(linear: nnx.Linear, edge: PairValues) -> Float[Array, "n n v"]:
    """The image of an edge field, formed or not, under a linear map.

    Args:
      linear: The map.
      edge: The field.

    Example:
      >>> linear = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
      >>> field = PairField(jnp.ones((4, 4, 1)), jnp.ones((1, 2)), jnp.ones(2))
      >>> bool(jnp.allclose(through(linear, field), through(linear, field.array()), atol=1e-6))
      True
    """
    return edge.through(linear) if isinstance(edge, PairField) else linear(edge)
