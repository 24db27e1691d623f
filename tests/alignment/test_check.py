import dataclasses

import jax
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.alignment.alignment import Claim
from catalign.alignment.check import check_alignment, check_samples
from catalign.alignment.collecting import insertion_sort
from catalign.alignment.relaxation import bellman_ford

key = jax.random.key(1)


def shifted(amount):
    """Bellman-Ford whose diagram side shows distances that are off by a little."""

    def decode(inputs, state):
        shown = dict(bellman_ford.decode(inputs, state))
        return shown | {"d": shown["d"] + amount}

    return dataclasses.replace(bellman_ford, decode=decode)


def test_the_tolerance_decides_and_is_reported():
    report = check_samples(shifted(1e-3), key, batch_size=2, size=5, tolerance=1e-2)
    assert report.holds
    assert report.largest_difference == pytest.approx(1e-3, rel=1e-2)
    assert "largest difference 0.001, tolerance 0.01" in str(report)
    strict = check_samples(shifted(1e-3), key, batch_size=2, size=5)
    assert strict.mismatch is not None
    assert (strict.mismatch.step, strict.mismatch.probe) == (0, "d")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_tolerance_forgives_nan_or_an_infinity(bad):
    report = check_samples(shifted(bad), key, batch_size=2, size=5, tolerance=1e30)
    assert not report.holds


def test_outputs_alone_may_be_claimed():
    by_outputs = dataclasses.replace(bellman_ford, claim=Claim.OUTPUTS)
    report = check_samples(by_outputs, key, batch_size=2, size=5)
    assert report.holds
    assert report.probes == ("pi",)
    too_few = dataclasses.replace(by_outputs, rounds=lambda n: 0)
    assert not check_samples(too_few, key, batch_size=2, size=5).holds


def test_steps_past_the_end_of_a_run_do_not_count():
    inputs = bellman_ford.algorithm.sample_inputs(key, 3, 5)
    trace = bellman_ford.algorithm.traces(inputs)
    report = check_alignment(bellman_ford, inputs)
    assert report.steps == int(trace.lengths.sum()) < trace.steps * 3


def test_errors_name_the_probe():
    unknown = dataclasses.replace(
        bellman_ford, decode=lambda inputs, state: {"distance": state.value}
    )
    with pytest.raises(InputError, match="gives the hint distance, but the algorithm has pi_h, d"):
        check_samples(unknown, key, batch_size=2, size=5)
    with pytest.raises(InputError, match="needs a semiring, but `semiring` is the monoid merge"):
        dataclasses.replace(insertion_sort, with_provenance=True)
