"""Batcher's merge exchange: a network of comparators that sorts any number of records.

The wiring depends on the number of records alone. A network that sorts all sequences of zeros and
ones sorts everything (the 0-1 principle; Knuth, The Art of Computer Programming, volume 3, section
5.3.4), and this one does, for every size (section 5.2.2, algorithm M). So a right comparator is
all it takes.
"""

import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import InputError, ShapeMismatchError
from catalign.alignment.certificate import Certificate, Counterexample, Exhaustive, Proof
from catalign.nn.sorting.comparator import Comparator, Key, Records

_EXHAUSTIVE_LIMIT = 16


def layers(size: int) -> list[tuple[int, int]]:
    """The layers of the network: (p, k) compares entries k apart, within runs of 2 p.

    Example:
      >>> layers(4)
      [(1, 1), (2, 2), (2, 1)]
    """
    found, p = [], 1
    while p < size:
        k = p
        while k:
            found.append((p, k))
            k //= 2
        p *= 2
    return found


def sort(comparator: Comparator, records: Records, *, count: Array | int | None = None) -> Records:
    """Sorts records along their last axis by a learned comparator, in O(log^2 n) layers.

    Args:
      comparator: The learned comparator.
      records: One array `[..., n]` for each entry.
      count: How many of the n to sort: the first ones; the others stay. All if left out.

    Raises:
      ShapeMismatchError: The records have another number of entries, or different shapes.

    Example:
      >>> rng = np.random.default_rng(0)
      >>> from catalign.nn.sorting.comparator import learn_comparator
      >>> x, y = rng.integers(-9, 10, (2, 300))
      >>> by_magnitude = learn_comparator((x,), (y,), (np.where(abs(y) < abs(x), y, x),))
      >>> sort(by_magnitude, (jnp.array([3, -1, 0, -2]),))[0].tolist()
      [0, -1, -2, 3]
    """
    size = _check(comparator, records)
    return _run(comparator, records, size if count is None else count, tuple(layers(size)))


def merge(comparator: Comparator, first: Records, second: Records) -> Records:
    """Merges two sorted sequences by the last layers of the network, O(log n) of them.

    Args:
      comparator: The learned comparator.
      first: Sorted records, `[..., n]` with n a power of two.
      second: Sorted records of the same shape.

    Raises:
      InputError: n is no power of two.
      ShapeMismatchError: The shapes do not fit.
    """
    size = _check(comparator, first)
    if _check(comparator, second) != size:
        raise ShapeMismatchError(
            f"`first` has {size} records and `second` another number; give equally many."
        )
    if size & (size - 1):
        raise InputError(f"`first` has {size} records; merge powers of two.")
    both = tuple(jnp.concatenate(pair, axis=-1) for pair in zip(first, second, strict=True))
    last = tuple(layer for layer in layers(2 * size) if layer[0] == size)
    return _run(comparator, both, 2 * size, last)


def certify_sorting(
    comparator: Comparator, key: Key, *, subject: str = "sorting", up_to: int = _EXHAUSTIVE_LIMIT
) -> Certificate:
    """Certifies the network with a learned comparator: for every size, and 0-1 vectors one by one.

    Proved are sequences of every length, from the comparator on all order types and Batcher's
    theorem. Exhaustively run are, through the same code, all sequences of two records up to a
    length: by the 0-1 principle they confirm the wiring there.

    Args:
      comparator: The learned comparator.
      key: The algorithm's sort key, in Python.
      subject: What to call the claim.
      up_to: The greatest length of the exhaustive runs.

    Raises:
      InputError: `up_to` is not from 2 to 16, or all keys of small records are equal.
    """
    if not 2 <= up_to <= _EXHAUSTIVE_LIMIT:
        raise InputError(f"`up_to` is {up_to}; run lengths from 2 to {_EXHAUSTIVE_LIMIT}.")
    alone = comparator.certify(key, subject=subject)
    if not alone.is_proved:
        return alone
    cases = 0
    for sequences, found, is_wrong in zero_one_runs(comparator, key, up_to):
        cases += len(sequences)
        if is_wrong.any():
            at = int(np.argmax(is_wrong))
            return Certificate(
                subject=subject,
                coverage=alone.coverage,
                counterexample=Counterexample(
                    inputs={"sequence": sequences[at].tolist()},
                    expected=sorted(sequences[at].tolist()),
                    actual=found[at].tolist(),
                    cell="the wiring",
                ),
            )
    proof = Proof(
        statement="sorts every sequence of every length",
        method="all order types of two records compared, and Batcher's theorem for the wiring",
        cases=alone.proved[0].cases,
    )
    every = Exhaustive(statement="0-1 sequences come out sorted", up_to=up_to, cases=cases)
    return Certificate(
        subject=subject,
        proved=(proof,),
        exhaustive=(every,),
        preconditions=alone.preconditions,
        coverage=alone.coverage,
    )


def zero_one_runs(
    comparator: Comparator, key: Key, up_to: int = _EXHAUSTIVE_LIMIT
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sorts all sequences of two records, of each length in turn: 0 is the lesser record.

    Args:
      comparator: The learned comparator.
      key: The algorithm's sort key, in Python.
      up_to: The greatest length.

    Yields:
      The sequences of one length n, `[2^n, n]`, what they come out as, and which of them wrongly.

    Raises:
      InputError: All keys of small records are equal.
    """
    low, high = _two_records(key, comparator.entries)
    bits = (np.arange(2**up_to)[:, None] >> np.arange(up_to)) & 1
    for n in range(1, up_to + 1):
        sequences = bits[: 2**n]
        records = tuple(
            jnp.asarray(np.where(sequences, b, a).astype(np.int32))
            for a, b in zip(low, high, strict=True)
        )
        # Lengths share one compiled program: what lies behind the first n is not touched.
        found = _batched(comparator, records, n, up_to)
        is_high = np.all([np.asarray(x) == b for x, b in zip(found, high, strict=True)], axis=0)
        came_out = is_high[:, :n].astype(int)
        is_wrong = (np.diff(came_out, axis=1) < 0).any(axis=1)
        is_wrong |= is_high.sum(axis=1) != sequences.sum(axis=1)
        yield sequences[:, :n], came_out, is_wrong


def _batched(comparator: Comparator, records: Records, count: int, up_to: int) -> Records:
    """Sorts a batch, padded to the size of the largest so that all batches share a program."""
    rows = records[0].shape[0]
    full = tuple(jnp.pad(x, ((0, 2**up_to - rows), (0, 0))) for x in records)
    return tuple(x[:rows] for x in sort(comparator, full, count=count))


@functools.partial(jax.jit, static_argnums=(0, 3))
def _run(
    comparator: Comparator, records: Records, count: Array, wiring: tuple[tuple[int, int], ...]
) -> Records:
    size = records[0].shape[-1]
    place = jnp.arange(size, dtype=jnp.int32)
    if not wiring:
        return records
    # Powers of two by their exponents: shifts and masks, because divisions would cost most.
    exponents = np.array([(p.bit_length() - 1, k.bit_length() - 1) for p, k in wiring], np.int32)

    def layer(records: Records, at: Array) -> tuple[Records, None]:
        run, k = at[0] + 1, jnp.int32(1) << at[1]
        start = jnp.where(at[0] == at[1], 0, k)

        def is_low(offset: Array) -> Array:
            return (offset >= 0) & ((offset & (2 * k - 1)) < k)

        same_run = place >> run == (place + k) >> run
        low = is_low(place - start) & (place + k < count) & same_run
        high = is_low(place - start - k) & (place < count) & ((place - k) >> run == place >> run)
        padded = [jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(size, size)]) for x in records]
        later, earlier = (
            tuple(jax.lax.dynamic_slice_in_dim(x, at, size, x.ndim - 1) for x in padded)
            for at in (size + k, size - k)
        )
        falls = comparator(records, later)
        falls &= jnp.broadcast_to(low, falls.shape)
        rises = comparator(earlier, records)
        rises &= jnp.broadcast_to(high, rises.shape)
        return tuple(
            jnp.where(falls, after, jnp.where(rises, before, x))
            for x, after, before in zip(records, later, earlier, strict=True)
        ), None

    return jax.lax.scan(layer, records, jnp.asarray(exponents))[0]


def _check(comparator: Comparator, records: Records) -> int:
    shapes = {np.shape(x) for x in records}
    if len(records) != comparator.entries or len(shapes) != 1 or () in shapes:
        raise ShapeMismatchError(
            f"`records` has {len(records)} entries of the shapes {sorted(shapes)}, but the "
            f"comparator reads {comparator.entries}: give equally many arrays [..., n]."
        )
    return records[0].shape[-1]


def _two_records(key: Key, entries: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two small records with different keys, the lesser first."""
    candidates = [
        tuple(int(j == k) * v for j in range(entries)) for k in range(entries) for v in (0, 1)
    ]
    for x in candidates:
        for y in candidates:
            if key(x) < key(y):
                return x, y
    raise InputError("`key` is equal on all records of zeros and ones: nothing to sort by.")
