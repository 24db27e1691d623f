"""A comparator of two records, learned from sorted pairs.

What it may look at is given by the type: a record has entries, numbers, and two records have an
*order type*, which says for each entry whether it and its magnitude are less, equal or greater. The
comparator is a table from order types to "swap" or "keep". Which entries count, in which order and
direction, is learned.
"""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool

from catalign._errors import InputError, ShapeMismatchError
from catalign.alignment.certificate import Certificate, Counterexample, Coverage, Proof
from catalign.nn.descent import descend

Records = tuple[Array, ...]
"""One array for each entry, all of one shape."""
Key = Callable[[tuple[int, ...]], Any]
"""The algorithm's sort key of a record, in Python."""

_SIGNS = "<=>"
_ENTRY_TYPES = 9
_VALUES = (-2, -1, 0, 1, 2)
"""Two of these have each order type that two numbers can have."""
BY_ORDER_TYPE = "the order depends on comparisons of entries and of their magnitudes alone"
NO_NAN = "no entry is NaN or the least integer, which has no magnitude"


@dataclass(frozen=True)
class Comparator:
    """Decides whether two records stand in the wrong order.

    Attributes:
      entries: How many entries a record has.
      swaps: For each order type, whether to swap; see `order_type` for their numbers.
      coverage: How often training met each order type that two records can have.
    """

    entries: int
    swaps: tuple[bool, ...]
    coverage: tuple[Coverage, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.entries < 1 or len(self.swaps) != _ENTRY_TYPES**self.entries:
            raise ShapeMismatchError(
                f"`swaps` has {len(self.swaps)} entries, but records of {self.entries} entries "
                f"have {_ENTRY_TYPES**self.entries} order types."
            )

    def __call__(self, first: Records, second: Records) -> Bool[Array, "..."]:
        """Whether to swap, for records of any shape.

        Raises:
          ShapeMismatchError: The records have another number of entries.
        """
        for name, records in (("first", first), ("second", second)):
            if len(records) != self.entries:
                raise ShapeMismatchError(
                    f"`{name}` has {len(records)} entries, but the comparator reads {self.entries}."
                )
        number = order_type(first, second).astype(jnp.uint32)
        decision = jnp.zeros(number.shape, jnp.uint32)
        # Bits of a few words instead of a table: a gather would cost more than all the rest.
        for place, word in enumerate(_words(self.swaps)):
            bit = (jnp.uint32(word) >> (number & 31)) & 1
            decision = jnp.where(number >> 5 == place, bit, decision)
        return decision == 1

    def certify(self, key: Key, *, subject: str = "comparator") -> Certificate:
        """Compares the comparator with the algorithm's key on every order type.

        Proved, it puts the lesser of any two records first. Records of equal keys may come in
        either order: with the record's place as its last entry, a stable sort leaves none.

        Args:
          key: The sort key of a record, such as `abs`.
          subject: What to call the claim.

        Example:
          >>> drawn = np.random.default_rng(0).integers(-5, 6, (2, 200, 1))
          >>> first, second = (tuple(x.T) for x in drawn)
          >>> descending = learn_comparator(first, second, (np.maximum(first[0], second[0]),))
          >>> descending.certify(lambda r: -r[0]).is_proved
          True
          >>> descending.certify(lambda r: r[0]).counterexample.inputs
          {'first': (-2,), 'second': (-1,)}
        """
        records = list(itertools.product(_VALUES, repeat=self.entries))
        met: set[int] = set()
        for x, y in itertools.product(records, repeat=2):
            number = int(order_type(_lift(x), _lift(y)))
            met.add(number)
            swap = self.swaps[number]
            low, high = (y, x) if swap else (x, y)
            if key(low) > key(high):
                wrong = Counterexample(
                    inputs={"first": x, "second": y},
                    expected=(high, low),
                    actual=(low, high),
                    cell=f"the order type {describe(number, self.entries)}",
                )
                return Certificate(subject=subject, coverage=self.coverage, counterexample=wrong)
        proof = Proof(
            statement="puts the lesser of any two records first",
            method=f"the rule reads order types alone, and all {len(met)} that exist were compared",
            cases=len(records) ** 2,
        )
        return Certificate(
            subject=subject,
            proved=(proof,),
            preconditions=(BY_ORDER_TYPE, NO_NAN),
            coverage=self.coverage,
        )


def order_type(first: Records, second: Records) -> Array:
    """The number of the order type of two records.

    Maths: with `c(x, y)` 0, 1 or 2 for less, equal and greater, entry k contributes
      `3 c(x_k, y_k) + c(|x_k|, |y_k|)` as a digit in base 9, the first entry the highest.

    Example:
      >>> int(order_type((jnp.int32(-3),), (jnp.int32(2),)))
      2
    """
    number = jnp.zeros(jnp.shape(first[0]), jnp.int32)
    for x, y in zip(first, second, strict=True):
        number = number * _ENTRY_TYPES + 3 * _sign(x, y) + _sign(jnp.abs(x), jnp.abs(y))
    return number


def describe(number: int, entries: int) -> str:
    """An order type in words.

    Example:
      >>> describe(2, 1)
      'x0 < y0, |x0| > |y0|'
    """
    parts = []
    for k in reversed(range(entries)):
        number, digit = divmod(number, _ENTRY_TYPES)
        parts.append(f"x{k} {_SIGNS[digit // 3]} y{k}, |x{k}| {_SIGNS[digit % 3]} |y{k}|")
    return "; ".join(reversed(parts))


def learn_comparator(
    first: tuple[np.ndarray, ...],
    second: tuple[np.ndarray, ...],
    lesser: tuple[np.ndarray, ...],
    *,
    seed: int = 0,
    updates: int = 200,
    learning_rate: float = 0.1,
) -> Comparator:
    """Learns a comparator from pairs of records and the one that comes first when they are sorted.

    The loss is `-log` of the probability of all right decisions: where the two records are equal,
    both are. Hardened, each order type has its likelier decision; where training met none, it is
    a guess.

    Args:
      first: Records, one array `[pairs]` for each entry.
      second: Records.
      lesser: Of each pair, the record that comes first.
      seed: The only source of chance.
      updates: The updates of Adam, each on all pairs.
      learning_rate: Its first rate.

    Raises:
      ShapeMismatchError: The arrays do not fit.
      InputError: `lesser` is none of the pair, or one order type wants both decisions: the order
        depends on something else.
    """
    shapes = {np.shape(x) for x in (*first, *second, *lesser)}
    if not len(first) == len(second) == len(lesser) >= 1 or len(shapes) != 1:
        raise ShapeMismatchError(
            f"`first`, `second` and `lesser` have {len(first)}, {len(second)} and {len(lesser)} "
            f"entries of the shapes {sorted(shapes)}: give equally many arrays of one shape."
        )
    keep, swap = _agree(lesser, first), _agree(lesser, second)
    neither = np.flatnonzero(~keep & ~swap)
    if neither.size:
        at = int(neither[0])
        raise InputError(f"`lesser` of pair {at} is neither of its two records.")
    entries = len(first)
    numbers = np.asarray(order_type(_as_jax(first), _as_jax(second)))
    size = _ENTRY_TYPES**entries
    wants_keep, wants_swap = (
        np.bincount(numbers[want], minlength=size) for want in (keep & ~swap, swap & ~keep)
    )
    clash = np.flatnonzero((wants_keep > 0) & (wants_swap > 0))
    if clash.size:
        rows = [int(np.flatnonzero((numbers == clash[0]) & w)[0]) for w in (keep, swap)]
        raise InputError(
            f"pairs {rows[0]} and {rows[1]} have one order type, "
            f"{describe(int(clash[0]), entries)}, but want different decisions: the order depends "
            "on more than comparisons of entries."
        )
    logits = _train(
        jax.random.normal(jax.random.key(seed), (size,)),
        jnp.asarray(wants_keep, jnp.float32),
        jnp.asarray(wants_swap, jnp.float32),
        updates=updates,
        learning_rate=learning_rate,
    )
    met = np.bincount(numbers, minlength=size)
    counts = {describe(k, entries): int(met[k]) for k in _possible(entries)}
    return Comparator(
        entries,
        tuple((np.asarray(logits) > 0).tolist()),
        (Coverage(subject="order types", counts=counts),),
    )


@functools.partial(jax.jit, static_argnames=("updates", "learning_rate"))
def _train(logits: Array, keep: Array, swap: Array, *, updates: int, learning_rate: float) -> Array:
    def loss(logits: Array) -> Array:
        surprise = keep * jax.nn.softplus(logits) + swap * jax.nn.softplus(-logits)
        return surprise.sum() / (keep + swap).sum()

    return descend(loss, logits, updates=updates, learning_rate=learning_rate)


@functools.cache
def _possible(entries: int) -> tuple[int, ...]:
    """The order types that two records can have."""
    one = sorted({int(order_type(_lift((x,)), _lift((y,)))) for x in _VALUES for y in _VALUES})
    return tuple(
        int(sum(digit * _ENTRY_TYPES**k for k, digit in enumerate(reversed(digits))))
        for digits in itertools.product(one, repeat=entries)
    )


@functools.cache
def _words(bits: tuple[bool, ...]) -> tuple[int, ...]:
    """Bits in words of 32, the first the lowest."""
    return tuple(
        sum(int(bit) << k for k, bit in enumerate(bits[at : at + 32]))
        for at in range(0, len(bits), 32)
    )


def _sign(x: Array, y: Array) -> Array:
    return (x > y).astype(jnp.int32) + (x >= y).astype(jnp.int32)


def _agree(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> np.ndarray:
    """Where two records are equal in all entries."""
    return np.all(np.stack([x == y for x, y in zip(one, other, strict=True)]), axis=0)


def _lift(record: tuple[int, ...]) -> Records:
    return tuple(jnp.int32(x) for x in record)


def _as_jax(records: tuple[np.ndarray, ...]) -> Records:
    return tuple(jnp.asarray(x) for x in records)
