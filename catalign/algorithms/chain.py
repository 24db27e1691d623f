"""A linear order of the nodes as pointers: each to the node before it, the first to itself."""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from catalign._typing import Index
from catalign.algorithms.arrays import put
from catalign.algorithms.spec import Kind, Location, Probe, Stage

PRED_H = Probe("pred_h", Stage.HINT, Location.NODE, Kind.POINTER)
"""The order of the nodes, as it stands."""
CONSTANT_PRED_H = Probe("pred_h", Stage.HINT, Location.NODE, Kind.POINTER, constant=True)
"""The order of the nodes where no step changes it."""


def chain(n: int) -> Int[Array, " n"]:
    """The order in which the nodes are given.

    Maths: `pred(0) = 0`, `pred(i) = i - 1`.

    Example:
      >>> chain(4).tolist()
      [0, 0, 1, 2]
    """
    return jnp.maximum(jnp.arange(n, dtype=jnp.int32) - 1, 0)


def relink(
    pred: Int[Array, " n"], order: Int[Array, " n"], places: tuple[Index, ...]
) -> Int[Array, " n"]:
    """Mends the pointers after an order has changed at a few places.

    A whole list of pointers follows from the order by a scatter; when a step moves few elements,
    mending their pointers and those of their followers costs a comparison each.

    Maths: `pred(order(k)) = order(k - 1)` for each k of `places`, `pred(order(0)) = order(0)`.

    Args:
      pred: The pointers before the change.
      order: The node at each place, after the change.
      places: Every place whose node, or whose node before, has changed. One past the end is
        skipped.

    Example:
      >>> order = jnp.array([1, 0, 2])
      >>> relink(chain(3), order, (jnp.int32(0), jnp.int32(1), jnp.int32(2))).tolist()
      [1, 1, 0]
    """
    last = order.shape[0] - 1
    # One gather for all places: on a CPU each costs as much as a whole row.
    place = jnp.stack(places)
    nodes = order[jnp.minimum(place, last)]
    before = order[jnp.clip(place - 1, 0, last)]
    for k in range(len(places)):
        pred = put(pred, nodes[k], before[k], when=place[k] <= last)
    return pred
