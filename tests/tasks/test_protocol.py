"""The benchmark's test: its sizes and numbers, and the published table."""

import dataclasses
import statistics

import pytest

from catalign.algorithms.catalogue import CLRS_30
from tasks import protocol, published
from tasks.protocol import Spread


def test_sizes_and_numbers_are_the_benchmark_s() -> None:
    more = {name: protocol.instances(name) for name in CLRS_30 if protocol.instances(name) != 32}
    thousands = ("binary_search", "kmp_matcher", "minimum", "naive_string_matcher", "quickselect")
    assert more == {
        **dict.fromkeys((*thousands, "segments_intersect"), 2048),
        "find_maximum_subarray_kadane": 1024,
    }
    assert {protocol.nodes(name, 64) for name in CLRS_30} == {64, 80}
    assert protocol.nodes("naive_string_matcher", 128) == 160


def test_a_spread_is_that_of_the_sample() -> None:
    values = [0.25, 0.5, 1.0]
    assert Spread.of(values) == Spread(statistics.fmean(values), statistics.stdev(values))
    assert Spread.of([0.5]) == Spread(0.5, 0.0)
    assert str(Spread(0.5, 0.0125)) == "50.00 ± 1.25"


def test_the_published_table_has_every_algorithm_once() -> None:
    assert sorted(row.task for row in published.TABLE) == sorted(CLRS_30)
    assert published.find("bfs") is not None
    assert published.find("addition") is None


@pytest.mark.parametrize("column", published.COLUMNS)
def test_a_published_column_has_its_mean(column: str) -> None:
    assert published.mean(column) == pytest.approx(published.MEAN_OF_30[column], abs=0.01)


def test_each_published_column_says_how_well_it_is_attested() -> None:
    numbers = [field.name for field in dataclasses.fields(published.Published)][1:]
    assert sorted(published.EVIDENCE) == sorted(numbers)
    found = {name: published.EVIDENCE[name] for name in published.COLUMNS}
    assert {each.evidence for each in found.values()} == {published.Evidence.CHECKED}
    assert sum(each.cells for each in found.values()) == 38
    assert published.EVIDENCE["triplet_gmpnn_std"].evidence is published.Evidence.RECALLED
