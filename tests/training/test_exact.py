import dataclasses
import re

import jax.numpy as jnp
import pytest

import catalign
from catalign._errors import InputError
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.training import exact as training_run
from catalign.training.config import TrainConfig
from catalign.training.event import Evaluated, Finished, Found, Started
from catalign.training.exact import _certified, _How
from catalign.training.recipe import training_law

CONFIG = TrainConfig(processor="exact", sizes=(4, 8), eval_sizes=(8, 24), eval_instances=8)
MINIMUM = catalign.algorithms.get("minimum")


def test_a_certificate_samples_beyond_the_evaluation_where_that_is_within_reach():
    config = TrainConfig(processor="exact", sizes=(4, 16), eval_sizes=(16, 256))
    assert _certified(config, MINIMUM) == [16, 256, 1024]
    assert _certified(config, catalign.algorithms.get("floyd_warshall")) == [16]


def test_a_run_learns_certifies_scores_and_is_read_back(tmp_path):
    run = tmp_path / "run"
    events = []
    report = catalign.training.train(MINIMUM, CONFIG, run_dir=run, on_event=events.append)
    assert [row.graph_exact for row in report.table.rows] == [1.0, 1.0]
    assert report.certificate is not None
    assert report.certificate.holds
    kinds = [type(e) for e in events]
    assert kinds[0] is Started
    assert kinds[-1] is Finished
    assert {Found, Evaluated} <= set(kinds)
    page = (run / "report.md").read_text()
    assert "## Certificate" in page
    assert report.certificate.rivals
    assert all(f"- `{rival}`" in page for rival in report.certificate.rivals)
    assert re.search(r"key\[(i'|i \+ 1)\] < key\[min_h\]", page)
    read = catalign.training.load_reasoner(run, MINIMUM)
    assert read.describe() == report.reasoner.describe()

    events.clear()
    again = catalign.training.train(MINIMUM, CONFIG, run_dir=run, on_event=events.append)
    assert again.table == report.table
    assert Found not in {type(e) for e in events}, "a finished run is not learned again"

    (run / "report.json").unlink()
    resumed = catalign.training.train(MINIMUM, CONFIG, run_dir=run)
    assert resumed.reasoner.describe() == report.reasoner.describe()
    assert resumed.certificate is not None
    assert resumed.seconds == report.seconds > 0
    assert resumed.certificate.coverage == report.certificate.coverage != ()
    assert resumed.certificate.rivals == report.certificate.rivals

    (run / "learning.json").write_text("[]")
    (run / "report.json").unlink()
    with pytest.raises(InputError, match=r"learning\.json' is damaged"):
        catalign.training.train(MINIMUM, CONFIG, run_dir=run)

    (run / "program.json").write_text("{")
    with pytest.raises(InputError, match=r"program\.json"):
        catalign.training.load_reasoner(run, MINIMUM)
    (run / "program.json").unlink()
    with pytest.raises(InputError, match="has not found one yet"):
        catalign.training.load_reasoner(run, MINIMUM)


def test_transducers_are_learned_certified_scored_and_read_back(tmp_path):
    run, parity = tmp_path / "run", catalign.algorithms.get("parity")
    config = dataclasses.replace(CONFIG, sizes=(5,), eval_sizes=(5,))
    report = catalign.training.train(parity, config, run_dir=run)
    assert isinstance(report.reasoner, ScanReasoner)
    assert [row.graph_exact for row in report.table.rows] == [1.0]
    assert report.certificate is not None
    assert report.certificate.is_proved
    assert "6 of 6 cells seen" in str(report.certificate)
    assert "g(state)" in (run / "report.md").read_text()
    read = catalign.training.load_reasoner(run, parity)
    assert isinstance(read, ScanReasoner)
    assert read.machines == report.reasoner.machines == catalign.load("parity").machines


def test_where_no_transducer_is_found_a_program_is_searched(monkeypatch):
    said = []
    monkeypatch.setattr(training_run, "learn_program", lambda *args, **_: args[0].missing)
    backwards = dataclasses.replace(
        catalign.algorithms.get("parity"),
        outputs=lambda x, state: {"parity": jnp.flip(state) ^ (x["a"][::-1].cumsum() % 3 == 1)},
    )
    with pytest.raises(AttributeError, match="missing"):
        catalign.training.train(
            backwards, CONFIG, on_event=lambda e: said.append(getattr(e, "text", ""))
        )
    assert any("is written by no transducer that was found" in text for text in said)


def test_with_random_places_the_same_rules_are_learned_and_right(monkeypatch):
    laws = []

    def spied(name, place):
        real = getattr(training_run, name)

        def call(*args, **rest):
            laws.append(args[place])
            return real(*args, **rest)

        monkeypatch.setattr(training_run, name, call)

    spied("learn_program", 0)
    spied("certify", 1)
    spied("evaluate", 1)
    moved = dataclasses.replace(CONFIG, random_pos=True)
    report = catalign.training.train(MINIMUM, moved)
    assert laws == [training_law(MINIMUM, moved)] * 2 + [MINIMUM]
    assert report.reasoner.describe() == catalign.load("minimum").describe()
    assert report.certificate is not None
    assert report.certificate.is_proved
    assert [row.graph_exact for row in report.table.rows] == [1.0, 1.0]


@pytest.mark.parametrize("varied", [{"edge_probabilities": (0.5,)}, {"max_needle": 2}])
def test_laws_that_a_program_is_not_learned_from_are_refused(varied):
    with pytest.raises(InputError, match="leave out `edge_probabilities` and `max_needle`"):
        catalign.training.train(MINIMUM, dataclasses.replace(CONFIG, **varied))


def test_what_could_not_be_mended_stands_in_the_certificate():
    certificate = catalign.alignment.Certificate(subject="x")
    said = _How(1.0, {"a": 3}, unmended=2).beside(certificate)
    assert "not proved: of the fresh instances of the training sizes 2 came out wrong" in str(said)
    assert "1 of 1 cells seen" in str(said)
    assert _How().beside(certificate) == certificate
