"""Losses that are zero where the laws of asynchrony hold, to teach a layer that breaks them.

| loss | of | published |
|---|---|---|
| action | `phi(s, m + n)` against `phi(phi(s, m), n)` | yes |
| cocycle | `delta_(m + n)(s)` against `delta_n(m.s) + delta_m(s)` | yes |
| multimorphism | `psi(a + b, c)` against `psi(a, c) + psi(b, c)`, and so in c | yes |
| unit | `phi(s, 0)` against `s`; `psi(0, c)` and `psi(a, 0)` against 0 | no |
| idempotence | `phi(phi(s, m), m)` against `phi(s, m)` | no |
| replay | `delta_m(m.s) + delta_m(s)` against `delta_m(s)` | no |

Each is a mean square. Where the unit is an infinity, what is compared with it goes through the
chart `x / (1 + |x|)` first, in which the infinities are 1 and -1.

Source: Monteagudo-Lago et al. 2024, PMLR 251:65-77, for the published ones.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from catalign._typing import KeyArray, Scalar
from catalign.nn.asynchrony.law import Invariance, Law
from catalign.nn.asynchrony.processor import AsynchronousProcessor


class Draws(NamedTuple):
    """Values to try the laws on, one a row."""

    state: Float[Array, "k w"]
    first: Float[Array, "k w"]
    second: Float[Array, "k w"]
    a: Float[Array, "k w"]
    b: Float[Array, "k w"]
    c: Float[Array, "k w"]
    constant: Float[Array, "k w"]


Side = Array
Sides = Callable[[AsynchronousProcessor, Draws], list[tuple[Side, Side]]]


def draw(layer: AsynchronousProcessor, key: KeyArray, count: int = 64) -> Draws:
    """Draws states, messages and arguments of normal values for a layer.

    Example:
      >>> from flax import nnx
      >>> from catalign.nn.asynchrony.processor import L2Max
      >>> draw(L2Max(4, 2, rngs=nnx.Rngs(0)), jax.random.key(0), 3).state.shape
      (3, 2)
    """
    return Draws(*jax.random.normal(key, (7, count, layer.inner)))


def _reordering(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    op = layer.monoid.op
    return [(op(d.first, d.second), op(d.second, d.first))]


def _action(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    at_once = layer.update(layer.monoid.op(d.second, d.first), d.state)
    return [(at_once, layer.update(d.second, layer.update(d.first, d.state)))]


def _action_unit(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    return [(layer.update(_nothing(layer, d.first), d.state), d.state)]


def _idempotence(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    once = layer.update(d.first, d.state)
    return [(layer.update(d.first, once), once)]


def _cocycle(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    op, moved = layer.monoid.op, layer.update(d.first, d.state)
    in_turn = op(layer.argument(d.second, moved), layer.argument(d.first, d.state))
    return [(layer.argument(op(d.second, d.first), d.state), in_turn)]


def _silence(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    nothing = _nothing(layer, d.first)
    return [(layer.argument(nothing, d.state), nothing)]


def _replay(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    once = layer.argument(d.first, d.state)
    again = layer.argument(d.first, layer.update(d.first, d.state))
    return [(layer.monoid.op(again, once), once)]


def _multimorphism(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    op, psi, k = layer.monoid.op, layer.message, d.constant
    return [
        (psi(op(d.a, d.b), d.c, k), op(psi(d.a, d.c, k), psi(d.b, d.c, k))),
        (psi(d.c, op(d.a, d.b), k), op(psi(d.c, d.a, k), psi(d.c, d.b, k))),
    ]


def _message_unit(layer: AsynchronousProcessor, d: Draws) -> list[tuple[Side, Side]]:
    nothing = _nothing(layer, d.a)
    sent = layer.message(nothing, d.c, d.constant), layer.message(d.c, nothing, d.constant)
    return [(each, _nothing(layer, each)) for each in sent]


SIDES: dict[Law, Sides] = {
    Law.REORDERING: _reordering,
    Law.ACTION: _action,
    Law.ACTION_UNIT: _action_unit,
    Law.IDEMPOTENCE: _idempotence,
    Law.COCYCLE: _cocycle,
    Law.SILENCE: _silence,
    Law.REPLAY: _replay,
    Law.MULTIMORPHISM: _multimorphism,
    Law.MESSAGE_UNIT: _message_unit,
}
"""The left and the right side of each law on draws; several pairs for several equations."""

LOSSES: dict[Invariance, tuple[Law, ...]] = {
    Invariance.ACTION: (Law.ACTION,),
    Invariance.COCYCLE: (Law.COCYCLE,),
    Invariance.MULTIMORPHISM: (Law.MULTIMORPHISM,),
    Invariance.UNIT: (Law.ACTION_UNIT, Law.MESSAGE_UNIT),
    Invariance.IDEMPOTENCE: (Law.IDEMPOTENCE,),
    Invariance.REPLAY: (Law.REPLAY,),
}
"""The laws behind each loss. Reordering and silence hold by construction."""


def invariance_losses(layer: AsynchronousProcessor, draws: Draws) -> dict[str, Scalar]:
    """The mean square by which each law fails on draws; differentiable in the layer.

    Args:
      layer: The layer.
      draws: Values to try; from `draw`, or states and messages of a run.

    Example:
      >>> from flax import nnx
      >>> from catalign.nn.asynchrony.processor import L3Tropical
      >>> layer = L3Tropical(4, 2, rngs=nnx.Rngs(0))
      >>> losses = invariance_losses(layer, draw(layer, jax.random.key(0)))
      >>> {name: float(loss) for name, loss in losses.items()}
      {'action': 0.0, 'cocycle': 0.0, 'multimorphism': 0.0, 'unit': 0.0, 'idempotence': 0.0,
      'replay': 0.0}
    """
    return {
        loss.value: _mean([_square(*sides) for law in laws for sides in SIDES[law](layer, draws)])
        for loss, laws in LOSSES.items()
    }


def _square(left: Side, right: Side) -> Scalar:
    """The mean square of a difference; in the chart where a side may be infinite."""
    finite = jnp.isfinite(left) & jnp.isfinite(right)
    a, b = jnp.where(finite, left, 0.0), jnp.where(finite, right, 0.0)
    far = _chart(left) - _chart(right)
    return jnp.mean(jnp.where(finite, (a - b) ** 2, far**2))


def _chart(x: Array) -> Array:
    finite = jnp.where(jnp.isfinite(x), x, 0.0)
    return jnp.where(jnp.isfinite(x), finite / (1 + jnp.abs(finite)), jnp.sign(x))


def _mean(terms: list[Scalar]) -> Scalar:
    return jnp.mean(jnp.stack(terms))


def _nothing(layer: AsynchronousProcessor, like: Array) -> Array:
    return jnp.full_like(like, layer.monoid.unit)
