"""Schedules: how chance decides what a network does next."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from catalign._typing import KeyArray

Chance = float | Float[Array, "*k"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A law of event sequences, as chances in each tick.

    All events of one tick touch different edges and, unless they are merged, different nodes, so
    that a tick is a shorthand for its events one after the other, in any order.

    Attributes:
      send: The chance that an edge with a waiting argument makes a message of it.
      deliver: The chance that an edge with a waiting message is ready to deliver it.
      merge: The chance that a node takes all that is ready at once, and not one message.
      split: The chance that only a part of a message or of an argument goes.
      duplicate: The chance that a delivered message stays, to be delivered again.
      delay: The longest time in ticks that a message is held back; each draws its own.
      spread: How unlike the edges are: their chances to deliver vary by a factor of up to
        `10 ** spread`.

    Example:
      >>> Schedule(merge=1.0).deliver
      0.5
    """

    send: Chance = 0.5
    deliver: Chance = 0.5
    merge: Chance = 0.0
    split: Chance = 0.0
    duplicate: Chance = 0.0
    delay: int | Int[Array, "*k"] = 0
    spread: Chance = 0.0


FRONTIER = Schedule(send=1.0, deliver=1.0, merge=1.0)
"""Rounds in which all that changed is sent, and nothing else. No chance is left in it."""

RANDOM_ORDER = Schedule()
"""One message at a time at each node, in random order."""

REGROUPED = Schedule(merge=0.5, split=0.5)
"""Messages and arguments merged and split at random."""

DELAYED = Schedule(merge=0.5, delay=20, spread=1.0)
"""Messages that overtake each other by far."""

DUPLICATED = Schedule(merge=0.5, duplicate=0.3)
"""Messages that come again; harmless only where replay is."""


def draw_schedules(key: KeyArray, count: int, *, duplicate: float = 0.0) -> Schedule:
    """Draws schedules of all kinds, stacked along a leading axis.

    Args:
      key: Where chance comes from.
      count: How many.
      duplicate: The largest chance of a duplicate; leave it at 0 for models that cannot replay.

    Example:
      >>> draw_schedules(jax.random.key(0), 3).send.shape
      (3,)
    """
    chance = jax.random.uniform(key, (7, count))
    return Schedule(
        send=0.2 + 0.8 * chance[0],
        deliver=0.2 + 0.8 * chance[1],
        merge=chance[2],
        split=0.8 * chance[3],
        duplicate=duplicate * chance[4],
        delay=jnp.floor(12 * chance[5]).astype(jnp.int32),
        spread=chance[6],
    )
