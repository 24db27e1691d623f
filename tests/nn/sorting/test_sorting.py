"""Sorting by learned comparators: each order is learned, proved, and run against Python's sort."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError, ShapeMismatchError
from catalign.nn.sorting import Comparator, certify_sorting, learn_comparator, merge, network, sort
from catalign.nn.sorting.comparator import order_type

ORDERS = {
    "ascending": (1, lambda r: r[0]),
    "descending": (1, lambda r: -r[0]),
    "magnitude, stable": (2, lambda r: (abs(r[0]), r[1])),
    "second entry, then first downwards": (2, lambda r: (r[1], -r[0])),
}


@functools.cache
def _learned(name: str) -> Comparator:
    entries, key = ORDERS[name]
    x, y = np.random.default_rng(0).integers(-3, 4, (2, 1500, entries))
    lesser = np.array([min(tuple(a), tuple(b), key=key) for a, b in zip(x, y, strict=True)])
    return learn_comparator(tuple(x.T), tuple(y.T), tuple(lesser.T))


@pytest.mark.parametrize("name", ORDERS)
def test_each_order_is_learned_proved_and_sorts(name: str) -> None:
    entries, key = ORDERS[name]
    certificate = _learned(name).certify(key)
    assert certificate.is_proved, certificate
    assert certificate.coverage[0].unseen == ()
    drawn = np.random.default_rng(1).integers(-50, 51, (entries, 37))
    found = np.stack(sort(_learned(name), tuple(jnp.asarray(drawn, jnp.int32))))
    expected = sorted(map(tuple, drawn.T.tolist()), key=key)
    assert list(map(tuple, found.T.tolist())) == expected


@pytest.mark.parametrize(("learned", "key"), list(itertools.permutations(list(ORDERS)[:2])))
def test_one_order_is_refuted_as_another(learned: str, key: str) -> None:
    certificate = _learned(learned).certify(ORDERS[key][1])
    assert "order type x0 < y0" in certificate.counterexample.cell


def test_the_network_is_certified_with_all_zero_one_sequences() -> None:
    certificate = certify_sorting(_learned("ascending"), ORDERS["ascending"][1], up_to=8)
    assert certificate.is_proved
    assert certificate.exhaustive[0].cases == sum(2**n for n in range(1, 9))


def test_a_wrong_cell_and_a_wrong_wire_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted faults: each decision in turn, and a network that lacks a layer."""
    comparator, key = _learned("ascending"), ORDERS["ascending"][1]
    for number in {
        int(order_type((np.int32(x),), (np.int32(y),))) for x in (-2, 1) for y in (-1, 2)
    }:
        swaps = list(comparator.swaps)
        swaps[number] = not swaps[number]
        broken = dataclasses.replace(comparator, swaps=tuple(swaps))
        assert certify_sorting(broken, key, up_to=4).counterexample is not None
    whole = network.layers
    monkeypatch.setattr(network, "layers", lambda size: whole(size)[:-1])
    certificate = certify_sorting(comparator, key, up_to=4)
    assert certificate.counterexample.cell == "the wiring"


def test_two_sorted_sequences_merge() -> None:
    drawn = np.sort(np.random.default_rng(2).integers(-9, 10, (2, 5, 8)), axis=-1)
    first, second = ((jnp.asarray(x, jnp.int32),) for x in drawn)
    merged = merge(_learned("ascending"), first, second)[0]
    assert np.array_equal(merged, np.sort(np.concatenate(list(drawn), axis=-1), axis=-1))
    with pytest.raises(InputError, match="powers of two"):
        merge(_learned("ascending"), (first[0][:, :6],), (second[0][:, :6],))


def _halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of sorted 0-1 sequences of length n: a network that merges these merges all."""
    steps = (np.arange(n) >= np.arange(n + 1)[:, None]).astype(np.int32)
    return np.repeat(steps, n + 1, axis=0), np.tile(steps, (n + 1, 1))


def _is_merged(n: int) -> bool:
    first, second = _halves(n)
    merged = merge(_learned("ascending"), (jnp.asarray(first),), (jnp.asarray(second),))[0]
    return np.array_equal(merged, np.sort(np.concatenate([first, second], axis=-1), axis=-1))


@pytest.mark.parametrize("n", [1, 2, 4, 16])
def test_all_sorted_zero_one_halves_merge(n: int) -> None:
    assert _is_merged(n)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_merge_that_lacks_a_layer_is_found(monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    """The planted fault: (4, 4), (4, 2) or (4, 1) of the last layers is missing."""
    last = [layer for layer in network.layers(8) if layer[0] == 4]
    monkeypatch.setattr(network, "layers", lambda size: last[:lost] + last[lost + 1 :])
    assert not _is_merged(4)


@pytest.mark.parametrize("drawn_from", [1, 3, 100])
def test_halves_with_duplicates_merge_stably(drawn_from: int) -> None:
    n = 32
    keys = np.random.default_rng(drawn_from).integers(0, drawn_from, 2 * n) - drawn_from // 2
    order = np.argsort(np.abs(keys), kind="stable")
    halves = (order[order < n], order[order >= n])
    first, second = (
        (jnp.asarray(keys[places], jnp.int32), jnp.asarray(places, jnp.int32)) for places in halves
    )
    merged_keys, places = merge(_learned("magnitude, stable"), first, second)
    assert np.array_equal(places, order)
    assert np.array_equal(merged_keys, keys[order])


def test_halves_of_different_lengths_are_refused() -> None:
    with pytest.raises(ShapeMismatchError, match="equally many"):
        merge(_learned("ascending"), (jnp.arange(4),), (jnp.arange(2),))


def test_one_compile_for_each_shape() -> None:
    comparator = _learned("descending")
    before = network._run._cache_size()
    for seed in range(3):
        sort(comparator, (jax.random.randint(jax.random.key(seed), (13,), 0, 9, jnp.int32),))
    assert network._run._cache_size() == before + 1


def test_an_order_that_is_no_comparison_is_refused() -> None:
    x, y = np.random.default_rng(0).integers(-5, 6, (2, 500, 2))
    lesser = np.array([min(a, b, key=sum) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    with pytest.raises(InputError, match="want different decisions"):
        learn_comparator(tuple(x.T), tuple(y.T), tuple(lesser.T))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeMismatchError, match="9 order types"):
        Comparator(1, (True,))
    with pytest.raises(InputError, match="neither"):
        learn_comparator((np.array([1]),), (np.array([2]),), (np.array([3]),))
    with pytest.raises(ShapeMismatchError, match="comparator reads 1"):
        sort(_learned("ascending"), (jnp.zeros(3), jnp.zeros(3)))
