"""Learned constants: the coefficients of an affine function whose terms have names."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array


class Constants(nnx.Module):
    """A vector of learned numbers, one for each named term.

    Maths: on features `f_k` it is the affine function `sum over k of theta_k f_k`.

    Args:
      terms: The names, in order.
      mean: The mean of the initial values.
      unit: What is added to the mean for the term "1".
      scale: Their standard deviation.
      rngs: Parameter keys.

    Example:
      >>> rule = Constants(("1", "A[u,v]"), mean=2.0, scale=0.0, rngs=nnx.Rngs(0))
      >>> rule({"1": jnp.float32(1.0), "A[u,v]": jnp.float32([0.5, 3.0])}).tolist()
      [3.0, 8.0]
    """

    def __init__(
        self,
        terms: tuple[str, ...],
        *,
        mean: float = 0.0,
        unit: float = 0.0,
        scale: float = 0.5,
        rngs: nnx.Rngs,
    ) -> None:
        self.terms = terms
        means = jnp.array([mean + unit * (term == "1") for term in terms])
        self.theta = nnx.Param(means + scale * jax.random.normal(rngs.params(), (len(terms),)))

    def __getitem__(self, term: str) -> Array:
        """The constant of one term, a scalar."""
        return self.theta[...][self.terms.index(term)]

    def __call__(self, features: Mapping[str, Array]) -> Array:
        """Applies the affine function to features of one dtype that broadcast to one shape."""
        values = [features[term] for term in self.terms]
        shape = jnp.broadcast_shapes(*(v.shape for v in values))
        dtype = values[0].dtype
        terms = (
            self[term].astype(dtype) * jnp.broadcast_to(value, shape)
            for term, value in zip(self.terms, values, strict=True)
        )
        return sum(terms, start=jnp.zeros(shape, dtype))

    def rounded(self, tolerance: float) -> "Constants":
        """A copy whose constants are the nearest integers, where these are within the tolerance."""
        whole = jnp.round(self.theta[...])
        return self._with(
            jnp.where(jnp.abs(self.theta[...] - whole) <= tolerance, whole, self.theta[...])
        )

    def describe(self) -> str:
        """The affine function with its numbers, without the terms that are zero."""
        parts = [
            f"{float(value):.4g}"
            if term == "1"
            else (term if value == 1 else f"{float(value):.4g} {term}")
            for term, value in zip(self.terms, self.theta[...].tolist(), strict=True)
            if value != 0
        ]
        return " + ".join(parts).replace("+ -", "- ") or "0"

    def _with(self, theta: Array) -> "Constants":
        copy = nnx.clone(self)
        copy.theta = nnx.Param(theta)
        return copy
