import dataclasses
import importlib

import pytest

import catalign
from catalign._errors import InputError
from catalign.algorithms import Algorithm
from catalign.nn.scan import Words
from catalign.nn.scan import learn as learn_by_gradient
from catalign.training.discrete.learn import ExactConfig, NotLearnedError
from catalign.training.words.certify import certify_words
from catalign.training.words.learn import learn
from tests.training.stub import COUNT_HIGH
from tests.training.words.variants import VARIANTS, addition_by_sums

SMALL = ExactConfig(sizes=(5,), traces=80)


@pytest.mark.parametrize("algorithm", VARIANTS, ids=lambda a: a.name)
def test_a_variant_is_learned_and_proved(algorithm: Algorithm) -> None:
    found = learn(algorithm, SMALL)
    assert found.unmended == 0
    certificate = certify_words(found.reasoner, algorithm, sizes=())
    assert certificate.is_proved, str(certificate)


def test_seeds_read_the_same() -> None:
    addition = catalign.algorithms.get("addition")
    texts = {
        learn(addition, dataclasses.replace(SMALL, seed=seed)).reasoner.describe()
        for seed in range(2)
    }
    assert texts == {catalign.load("addition").describe()}


def test_without_a_carry_in_sight_the_states_are_found_by_gradient() -> None:
    """Outputs alone: the sum of each digit, and no hint."""
    said: list[str] = []
    algorithm = addition_by_sums()
    found = learn(algorithm, SMALL, on_rule=said.append)
    assert "sum: 2 states, found by gradient, read from the first node on" in said[0]
    certificate = certify_words(found.reasoner, algorithm, sizes=(64,), count=8)
    assert certificate.verdict == "exhaustive up to size 4"
    assert "not made from a column" in certificate.unproved[0]


def test_what_has_no_finite_state_or_another_type_is_refused() -> None:
    with pytest.raises(NotLearnedError, match="is no function on words"):
        learn(COUNT_HIGH, SMALL)
    power = catalign.algorithms.get("modular_exponentiation")
    with pytest.raises(NotLearnedError, match="'result_h' of modular_exponentiation is written by"):
        learn(power, ExactConfig(sizes=(2,), traces=40))


def test_what_is_wrong_joins_what_the_gradient_learns_from(monkeypatch) -> None:
    """A machine that errs at first: the second time its mistakes are among the examples."""
    module = importlib.import_module("catalign.training.words.learn")
    given: list[Words] = []

    def once_wrong(word_type, words, *, seed):
        given.append(words)
        fit = learn_by_gradient(word_type, words, seed=seed)
        if len(given) == 1:
            writes = tuple(tuple((w + 1) % 3 for w in row) for row in fit.machine.writes)
            return dataclasses.replace(fit, machine=dataclasses.replace(fit.machine, writes=writes))
        return fit

    monkeypatch.setattr(module, "learn_by_gradient", once_wrong)
    said: list[str] = []
    found = learn(addition_by_sums(), SMALL, on_rule=said.append)
    assert any("wrong on" in line for line in said)
    assert len(given) == 2
    assert (given[0].letters[:64] != given[1].letters[:64]).any()
    assert found.unmended == 0


def test_sizes_without_instances_are_named() -> None:
    parity = dataclasses.replace(catalign.algorithms.get("parity"), min_size=4)
    with pytest.raises(InputError, match=r"`sizes` is \(2,\), but parity completes no run"):
        learn(parity, ExactConfig(sizes=(2,), traces=4))
