"""Frontier rows of sorting: a learned comparator in Batcher's network, on a million keys."""

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
    sort,
    zero_one_runs,
)
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
    n = sizes["keys"]
    families = key_families(n)
    for order, (entries, key) in ORDERS.items():
        for seed in range(seeds):
            comparator, count = learn_order(entries, key, seed)
            certificate = certify_sorting(comparator, key, subject=order)
            shown = {
                "task": f"sorting, {order}",
                "seed": seed,
                "regime": "certified" if certificate.is_proved else "hardened",
                "examples": (count,),
                "learned_from": "sorted pairs of numbers from -3 to 3",
            }
            yield _zero_one_row(comparator, key, shown)
            for family, keys in families.items():
                records = (keys, np.arange(n, dtype=np.int32))[:entries]
                run = functools.partial(sort, comparator, tuple(map(jnp.asarray, records)))
                got, seconds = timed(run)
                expected = _sorted(order, keys)
                yield Row(
                    family=family,
                    size=n,
                    wrong=count_wrong(got[0], keys[expected])
                    + (count_wrong(got[1], expected) if entries == 2 else 0),
                    places=n * entries,
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


def _sorted(order: str, keys: np.ndarray) -> np.ndarray:
    keyed = {"ascending": keys, "descending": -keys}.get(order, np.abs(keys))
    return np.argsort(keyed, kind="stable")
