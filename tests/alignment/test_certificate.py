"""Certificates: what was sampled is never called proved, and one counterexample ends all claims."""

import itertools

import pytest

from catalign._errors import AxiomError, InputError
from catalign.alignment.certificate import (
    Certificate,
    Counterexample,
    Coverage,
    Exhaustive,
    Proof,
    Sampled,
    compose,
)

PROOF = Proof(statement="f = g", method="all cells", cases=3)
UP_TO = Exhaustive(statement="f = g", up_to=5, cases=31)
SOME = Sampled(family="uniform", size=64, count=100)
WRONG = Counterexample(inputs={"a": [1, 2]}, expected=3, actual=4, cell="(1, 2)")


@pytest.mark.parametrize("chosen", list(itertools.product([False, True], repeat=3)))
def test_the_verdict_is_the_strongest_evidence_and_no_stronger(chosen) -> None:
    proved, exhaustive, sampled = (
        (part,) if is_given else ()
        for part, is_given in zip((PROOF, UP_TO, SOME), chosen, strict=True)
    )
    certificate = Certificate(subject="f", proved=proved, exhaustive=exhaustive, sampled=sampled)
    assert certificate.is_proved == chosen[0]
    assert certificate.holds == any(chosen)
    words = ("proved for all sizes", "exhaustive up to size 5", "sampled", "nothing known")
    assert certificate.verdict == words[[*chosen, True].index(True)]


@pytest.mark.parametrize("claim", [{"proved": (PROOF,)}, {"exhaustive": (UP_TO,)}])
def test_claim_and_counterexample_exclude_each_other(claim) -> None:
    with pytest.raises(InputError, match="the one or the other"):
        Certificate(subject="f", counterexample=WRONG, **claim)


def test_a_refuted_rule_names_the_instance_and_the_cell() -> None:
    certificate = Certificate(subject="f", counterexample=WRONG)
    assert not certificate.holds
    assert not certificate.is_proved
    with pytest.raises(AxiomError, match=r"f: refuted: on a = \[1, 2\] it gives 4, .* at \(1, 2\)"):
        certificate.require()


def test_nothing_known_does_not_pass() -> None:
    with pytest.raises(AxiomError, match="nothing known"):
        Certificate(subject="f").require()


@pytest.mark.parametrize("kind", [Proof, Exhaustive, Sampled])
def test_evidence_from_no_case_is_none(kind) -> None:
    given = {
        Proof: {"statement": "", "method": "", "cases": 0},
        Exhaustive: {"statement": "", "up_to": 3, "cases": 0},
        Sampled: {"family": "", "size": 3, "count": 0},
    }[kind]
    with pytest.raises(InputError, match="at least 1 case"):
        kind(**given)


def test_a_whole_is_proved_exactly_if_every_part_is() -> None:
    good = Certificate(subject="good", proved=(PROOF,), preconditions=("digits",))
    weak = Certificate(subject="weak", sampled=(SOME,))
    bad = Certificate(subject="bad", counterexample=WRONG)
    whole = compose("whole", [good, good], wiring="twice", preconditions=("n > 0",))
    assert whole.is_proved
    assert whole.preconditions == ("digits", "n > 0")
    assert whole.proved[0].cases == PROOF.cases
    assert compose("whole", [good, weak], wiring="").verdict == "nothing known"
    refuted = compose("whole", [good, bad], wiring="")
    assert refuted.counterexample == WRONG
    assert "because of bad" in str(refuted)
    with pytest.raises(InputError, match="at least one"):
        compose("whole", [], wiring="")


def test_coverage_names_what_was_not_seen() -> None:
    coverage = Coverage(subject="table", counts={"a": 2, "b": 0, "c": 5})
    assert coverage.unseen == ("b",)
    assert "2 of 3 cells" in str(coverage)
    assert "unseen" not in str(Coverage(subject="table", counts={"a": 1}))


def test_rivals_are_shown_in_part_and_kept_whole() -> None:
    certificate = Certificate(subject="f", rivals=tuple("abcde"))
    assert certificate.verdict == "nothing known"
    shown = [line.strip() for line in str(certificate).splitlines() if "fits as well" in line]
    assert shown == [*(f"fits as well: {name}" for name in "abc"), "fits as well: and 2 more"]
    assert "more" not in str(Certificate(subject="f", rivals=("a", "b", "c")))
