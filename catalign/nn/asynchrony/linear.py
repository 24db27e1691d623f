"""Maps that are linear in the max-plus semiring, and their softening."""

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign._errors import InputError


class TropicalLinear(nnx.Module):
    """A matrix product in max-plus; at a temperature, in the log semiring.

    Maths: `f(x)_i = max_j (A_ij + x_j)`; at temperature T, `T log sum_j exp((A_ij + x_j) / T)`,
    which is larger by at most `T log n` for n inputs.

    Laws: at temperature 0, `f(max(x, y)) = max(f(x), f(y))` and `f(-inf) = -inf`, exactly, in
    floating point too, because rounding is monotone. At temperature T the first holds up to a
    defect: for k parts, `0 <= f(max of all) - max of all f <= T log k`. A bias `max(f(x), b)` would
    break the second, so there is none.

    Args:
      inputs: The number of inputs.
      outputs: The number of outputs.
      temperature: The T above.
      rngs: Parameter keys.

    Raises:
      InputError: There is no input, or the temperature is negative or not finite.

    Example:
      >>> f = TropicalLinear(3, 2, rngs=nnx.Rngs(0))
      >>> x, y = jnp.array([1.0, -2.0, 0.5]), jnp.array([0.0, 4.0, -jnp.inf])
      >>> bool((f(jnp.maximum(x, y)) == jnp.maximum(f(x), f(y))).all())
      True

    Source: Dudzik et al. 2023, arXiv 2306.15632, section 5.
    """

    def __init__(
        self, inputs: int, outputs: int, *, temperature: float = 0.0, rngs: nnx.Rngs
    ) -> None:
        if inputs < 1:
            raise InputError(f"`inputs` is {inputs}. Give at least 1: what is maximised over.")
        if not 0 <= temperature < float("inf"):
            raise InputError(
                f"`temperature` is {temperature}. Give 0 for max-plus, or a positive number."
            )
        self.temperature = float(temperature)
        # With the logarithm of n off, the softened sum of n like terms starts near their size.
        level = -self.temperature * math.log(inputs)
        noise = jax.random.normal(rngs.params(), (outputs, inputs))
        self.kernel = nnx.Param(noise + level)

    def __call__(self, x: Float[Array, "*b i"]) -> Float[Array, "*b o"]:
        """Computes the product, without ever forming inf - inf."""
        terms = jnp.expand_dims(x, -2) + jnp.broadcast_to(
            self.kernel[...], (*x.shape[:-1], *self.kernel.shape)
        )
        if self.temperature == 0:
            return jnp.max(terms, axis=-1)
        return self.temperature * jax.nn.logsumexp(terms / self.temperature, axis=-1)
