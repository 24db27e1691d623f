"""Frontier rows of sorting and merging: a learned comparator in Batcher's network."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from catalign.nn.sorting import (
    Comparator,
    certify_sorting,
    learn_comparator,
    merge,
    sort,
    zero_one_runs,
)
from catalign.nn.sorting.comparator import Records
from tasks.frontier_row import Row, count_wrong, timed

ORDERS: dict[str, tuple[int, Callable]] = {
    "ascending": (1, lambda r: r[0]),
    "descending": (1, lambda r: -r[0]),
    "stable by magnitude": (2, lambda r: (abs(r[0]), r[1])),
}


def learn_order(entries: int, key: Callable, seed: int) -> tuple[Comparator, int]:
    """Learns an order from sorted pairs of small records; 200 pairs for each entry squared."""
    count = 200 * entries**2
    x, y = np.random.default_rng(seed).integers(-3, 4, (2, count, entries))
    lesser = np.array([min(tuple(a), tuple(b), key=key) for a, b in zip(x, y, strict=True)])
    return learn_comparator(tuple(x.T), tuple(y.T), tuple(lesser.T), seed=seed), count


def sorting(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Sorting at 2^20 keys, in the adversarial families, and 0-1 sequences one by one."""
    families = key_families(sizes["keys"])
    for order, comparator, shown in _learned("sorting", seeds):
        yield _zero_one_row(comparator, ORDERS[order][1], shown)
        for family, keys in families.items():
            records = _records(comparator, keys, np.arange(len(keys)))
            run = functools.partial(sort, comparator, records)
            yield _row(family, keys, _sorted(order, keys), run, shown)


def merging(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """Merging two sorted halves of 2^19 keys, by the last layers of the same network."""
    families = half_families(sizes["keys"] // 2)
    for order, comparator, shown in _learned("merging", seeds):
        for family, keys in families.items():
            n = len(keys) // 2
            halves = _sorted(order, keys[:n]), n + _sorted(order, keys[n:])
            first, second = (_records(comparator, keys, places) for places in halves)
            run = functools.partial(merge, comparator, first, second)
            yield _row(family, keys, _sorted(order, keys), run, shown)


def _learned(task: str, seeds: int) -> Iterator[tuple[str, Comparator, dict[str, Any]]]:
    """For each order and seed the comparator, and what its rows have in common.

    The certificate of sorting is one of merging as well: of a sequence of two sorted halves, as
    long as a power of two, all layers but those of `merge` leave each half as it is.
    """
    for order, (entries, key) in ORDERS.items():
        for seed in range(seeds):
            comparator, count = learn_order(entries, key, seed)
            certificate = certify_sorting(comparator, key, subject=order)
            yield (
                order,
                comparator,
                {
                    "task": f"{task}, {order}",
                    "seed": seed,
                    "regime": "certified" if certificate.is_proved else "hardened",
                    "examples": (count,),
                    "learned_from": "sorted pairs of numbers from -3 to 3",
                },
            )


def _records(comparator: Comparator, keys: np.ndarray, places: np.ndarray) -> Records:
    """The keys at some places, and these places where the comparator reads two entries."""
    entries = (keys[places], places.astype(np.int32))
    return tuple(map(jnp.asarray, entries[: comparator.entries]))


def _row(
    family: str,
    keys: np.ndarray,
    expected: np.ndarray,
    run: Callable[[], Records],
    shown: dict[str, Any],
) -> Row:
    """One run, compared with the places in the order that numpy sorts keys."""
    got, seconds = timed(run)
    wanted = (keys[expected], expected)
    return Row(
        family=family,
        size=len(keys),
        wrong=sum(count_wrong(x, y) for x, y in zip(got, wanted, strict=False)),
        places=len(keys) * len(got),
        seconds=seconds,
        reference="numpy.argsort, stable",
        **shown,
    )


def _zero_one_row(comparator: Comparator, key: Callable, shown: dict[str, Any]) -> Row:
    """All 0-1 sequences, whether or not the certificate stands: the wrong ones are counted."""
    begun = time.perf_counter()
    lengths = [is_wrong for _, _, is_wrong in zero_one_runs(comparator, key)]
    return Row(
        family="0-1 sequences, all",
        size=len(lengths),
        wrong=sum(int(is_wrong.sum()) for is_wrong in lengths),
        places=sum(map(len, lengths)),
        seconds=time.perf_counter() - begun,
        reference="sorted 0-1 sequences",
        **shown,
    )


def key_families(n: int) -> dict[str, np.ndarray]:
    """Random keys, and those on which sorts go wrong."""
    rng = np.random.default_rng(94)
    up = np.arange(n) - n // 2
    half = np.arange((n + 1) // 2)
    families = {
        "random": rng.integers(-(2**30), 2**30, n),
        "16 distinct keys": rng.integers(-8, 8, n),
        "all equal": np.full(n, 7),
        "reversed": up[::-1],
        "organ-pipe": np.concatenate([half, half[: n // 2][::-1]]),
        "sorted": up,
    }
    return {name: keys.astype(np.int32) for name, keys in families.items()}


def half_families(n: int) -> dict[str, np.ndarray]:
    """The keys of two halves of length n, one after the other; each half is yet to be sorted."""
    rng = np.random.default_rng(91)
    up = np.arange(2 * n) - n
    families = {
        "random": rng.integers(-(2**30), 2**30, 2 * n),
        "16 distinct keys": rng.integers(-8, 8, 2 * n),
        "all equal": np.full(2 * n, 7),
        "in turn": np.concatenate([up[::2], up[1::2]]),
        "one half before the other": up,
        "one half behind the other": np.roll(up, n),
        "one key passes a half": np.concatenate([up[1 : n + 1], up[:1], up[n + 1 :]]),
    }
    return {name: keys.astype(np.int32) for name, keys in families.items()}


def _sorted(order: str, keys: np.ndarray) -> np.ndarray:
    keyed = {"ascending": keys, "descending": -keys}.get(order, np.abs(keys))
    return np.argsort(keyed, kind="stable")
