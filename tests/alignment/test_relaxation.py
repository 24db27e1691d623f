import dataclasses

import jax
import pytest

from catalign._errors import AxiomError, InputError, UnsupportedError
from catalign.algebra.instances import log_plus, max_min, max_plus, min_plus
from catalign.alignment.check import check_samples
from catalign.alignment.relaxation import align_relaxation, bellman_ford, bfs
from catalign.distributions.graph import ErdosRenyi
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import source, target
from catalign.polynomial.message import Argument, Message, Output
from tests.alignment.variants import longest_path, widest_path

key = jax.random.key(7)
directed = ErdosRenyi(0.4, directed=True)
names = {"value": "best", "pointer": "from", "reached": "seen", "answer": "tree", "weights": "A"}


def reverse(diagram):
    """The same diagram with senders and receivers exchanged."""
    swap = {source: target, target: source}
    return PolynomialDiagram(
        "reversed",
        diagram.inputs,
        outputs=diagram.outputs,
        summands=[
            Message(
                m.name,
                m.sort,
                tuple(Argument(a.role, a.reads, swap.get(a.leg, a.leg)) for a in m.arguments),
                Output(m.output.writes, swap.get(m.output.leg, m.output.leg)),
            )
            for m in diagram.summands
        ],
    )


@pytest.mark.parametrize("alignment", [bellman_ford, bfs], ids=lambda a: a.name)
def test_directed_graphs_agree_at_every_step(alignment):
    report = check_samples(alignment, key, size=7, graph=directed)
    report.require()
    assert report.omitted == ()
    assert report.steps > 3 * report.instances


@pytest.mark.parametrize("alignment", [bellman_ford, bfs], ids=lambda a: a.name)
def test_swapped_senders_and_receivers_are_found(alignment):
    swapped = dataclasses.replace(alignment, diagram=reverse(alignment.diagram))
    report = check_samples(swapped, key, size=7, graph=directed)
    assert not report.holds
    with pytest.raises(AxiomError, match=r"reversed: .*fails: at step 1 of instance \d+, `"):
        report.require()


@pytest.mark.parametrize("semiring", [max_plus, max_min], ids=str)
def test_a_wrong_semiring_is_found_with_its_counterexample(semiring):
    wrong = align_relaxation(
        bellman_ford.algorithm,
        semiring,
        value="d",
        pointer="pi_h",
        reached="msk",
        answer="pi",
        weights="A",
    )
    report = check_samples(wrong, key, size=7, graph=directed)
    assert not report.holds
    mismatch = report.mismatch
    assert mismatch is not None
    trace = bellman_ford.algorithm.trace(mismatch.inputs)
    shown = trace.hints[mismatch.probe][mismatch.step]
    assert shown[mismatch.place].item() == mismatch.expected != mismatch.actual
    assert f"`{mismatch.probe}` of node {mismatch.place[0]} is {mismatch.expected}" in str(report)


def test_widest_path_is_diagram_6_in_max_min():
    align_widest = align_relaxation(widest_path, max_min, seed=1.0, **names)
    check_samples(align_widest, key, size=7).require()
    wrong = align_relaxation(widest_path, max_plus, seed=1.0, **names)
    assert not check_samples(wrong, key, size=7).holds


def test_longest_path_in_a_dag_is_diagram_6_in_max_plus():
    check_samples(align_relaxation(longest_path, max_plus, **names), key, size=7).require()
    assert not check_samples(align_relaxation(longest_path, min_plus, **names), key, size=7).holds


def test_what_cannot_be_aligned_is_refused():
    with pytest.raises(InputError, match="bfs has no probe 'd' to align"):
        align_relaxation(bfs.algorithm, min_plus, value="d")
    with pytest.raises(UnsupportedError, match="blends"):
        align_relaxation(bellman_ford.algorithm, log_plus(1.0), value="d")
