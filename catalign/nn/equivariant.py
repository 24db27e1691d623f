"""Linear layers from equations: exactly the parameters that a symmetry leaves free."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign._errors import InputError, ShapeMismatchError
from catalign.para.homomorphism_space import HomomorphismSpace, homomorphisms
from catalign.para.linear_action import LinearAction


class EquivariantLinear(nnx.Module):
    """A linear layer whose weights are a point of a space of homomorphisms.

    Maths: `y = (sum over k of theta_k B_k) x + sum over l of beta_l b_l`; with channels, `theta_k`
    is a matrix from the channels of x to those of y.

    Args:
      space: The homomorphisms, from `homomorphisms`.
      bias: The invariant vectors, as homomorphisms from a trivial action; None for no bias.
      channels: How many features x and y have at each place, or None for a single number.
      rngs: Parameter keys.
    """

    def __init__(
        self,
        space: HomomorphismSpace,
        bias: HomomorphismSpace | None = None,
        *,
        channels: tuple[int, int] | None = None,
        rngs: nnx.Rngs,
    ) -> None:
        self.space = space
        self.bias = bias
        self.channels = channels
        shape = (space.dimension, *(channels or ()))
        # Sums over inputs keep their scale on average over the outputs.
        spread = float(np.sum(np.square(space.values))) * (channels or (1,))[0]
        scale = (max(space.shape[0], 1) / max(spread, 1.0)) ** 0.5
        self.theta = nnx.Param(scale * jax.random.normal(rngs.params(), shape, jnp.float32))
        if bias is not None:
            out = (bias.dimension, *(channels or ())[1:])
            self.beta = nnx.Param(jnp.zeros(out, jnp.float32))

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Applies the layer along the last axis, or the last two with channels.

        Args:
          x: `[..., n_in]`, or `[..., n_in, channels]`.

        Raises:
          ShapeMismatchError: `x` has another size.
        """
        expected = (self.space.shape[1], *(self.channels or ())[:1])
        if x.shape[x.ndim - len(expected) :] != expected:
            raise ShapeMismatchError(
                f"`x` has shape {x.shape}, but the layer reads {expected} along the last "
                f"{len(expected)} axes."
            )
        theta = self.theta[...].astype(x.dtype)
        y = x @ self.space.matrix(theta).T if self.channels is None else self._mixed(x, theta)
        if self.bias is None:
            return y
        constant = self.bias.matrix(self.beta[...].astype(x.dtype))[:, 0]
        return y + jnp.broadcast_to(constant, y.shape)

    def _mixed(self, x: Array, theta: Array) -> Array:
        """With channels, through whichever of the two intermediate arrays is smaller."""
        if math.prod(theta.shape[1:]) <= self.space.dimension:
            return jnp.einsum("oicd,...ic->...od", self.space.matrix(theta), x)
        basis = jnp.asarray(self.space.basis, x.dtype)
        return jnp.einsum("...koc,kcd->...od", jnp.einsum("koi,...ic->...koc", basis, x), theta)

    def on(
        self, space: HomomorphismSpace, bias: HomomorphismSpace | None = None
    ) -> "EquivariantLinear":
        """The layer with the same parameters in another space, such as that of larger inputs.

        Args:
          space: Of the same dimension, with basis matrices of the same meaning in the same order.
            Orbits of places are in such an order for `permutations` of any n that is at least the
            two orders together.
          bias: The invariant vectors there.

        Raises:
          InputError: A dimension differs, or a bias is missing or too much.
        """
        mine = [None if s is None else s.dimension for s in (self.space, self.bias)]
        others = [None if s is None else s.dimension for s in (space, bias)]
        if mine != others:
            raise InputError(
                f"`space` and `bias` have dimensions {others}, but those of the layer have {mine}. "
                "Parameters move only between spaces of equal dimension."
            )
        moved = nnx.clone(self)
        moved.space, moved.bias = space, bias
        return moved


def equivariant_linear(
    action_in: LinearAction,
    action_out: LinearAction,
    *,
    channels: tuple[int, int] | None = None,
    use_bias: bool = False,
    rngs: nnx.Rngs,
) -> EquivariantLinear:
    """Makes the linear layer that commutes with two actions, and has no parameter too many.

    Maths: `f(m.x) = m.f(x)` for every m of the monoid, that is, f is a homomorphism of algebras of
    its monad; every linear f with this property is reached by some parameters.

    Args:
      action_in: How the monoid acts on inputs.
      action_out: How it acts on outputs; `action_in.trivial()` for an invariant layer.
      channels: How many features inputs and outputs have at each place.
      use_bias: Whether to add a learned vector, of those that the action on outputs keeps fixed.
      rngs: Parameter keys.

    Raises:
      InputError: The actions have different generators.
      AxiomError: One action breaks an equation of the other.
      UnsupportedError: Matrices are not integers, and the rank is in doubt or too large to find.

    Example:
      >>> from catalign.para.linear_action import translations
      >>> layer = equivariant_linear(translations(5), translations(5), rngs=nnx.Rngs(0))
      >>> layer.theta.shape
      (5,)
      >>> x = jnp.arange(5.0)
      >>> bool(jnp.allclose(layer(jnp.roll(x, 2)), jnp.roll(layer(x), 2), atol=1e-5))
      True

    Source: Gavranovic et al. 2024, section 2 and appendix H.
    """
    bias = homomorphisms(action_out.trivial(), action_out) if use_bias else None
    space = homomorphisms(action_in, action_out)
    return EquivariantLinear(space, bias, channels=channels, rngs=rngs)
