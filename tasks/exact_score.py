"""One row of `tasks.exact`: the scores of a program, shipped or learned anew. Imports JAX."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax

import catalign
from catalign._errors import InputError
from catalign._typing import Probes
from catalign.algorithms import catalogue
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment.certificate import Certificate
from catalign.nn.discrete.explanation import explain_step
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.pretrained import ExactReasoner, load
from catalign.training.certify import certify
from catalign.training.config import TrainConfig
from catalign.training.directory import write_json
from catalign.training.discrete.certify import within_reach
from catalign.training.discrete.execution import hints_exact
from catalign.training.discrete.learn import NotLearnedError
from catalign.training.evaluation import Protocol, choose_batch_size
from catalign.training.event import Event, Found
from catalign.training.exact import EXACT, PROGRAM, read_exact
from tasks import cli, protocol
from tasks.library import evaluate_fresh, forget_compiled

DIGITS = 16
"""How many digits of the digest of a step's text are kept."""
JUDGED = "outputs and hints"
"""What certificates judge: rows of a version that judged something else are scored again."""
ROW = "exact.json"
"""The file of a run's folder that holds its row."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of each program.

    Attributes:
      sizes: The numbers of nodes.
      instances: Instances for each size; as many as in the benchmark if left out.
      seed: Where the instances come from.
      certified: Whether to certify as well, at those of the sizes that are within reach.
    """

    sizes: tuple[int, ...]
    instances: int | None
    seed: int
    certified: bool


def score_shipped(name: str, asked: Asked) -> dict[str, Any]:
    """The scores of the shipped program of an algorithm."""
    return _scored(name, load(name), asked, None)


def score_learned(name: str, seed: int, asked: Asked, out: Path) -> dict[str, Any]:
    """Learns a program, or takes it from its run's folder, and scores it; or reads the row there.

    Args:
      name: The algorithm.
      seed: The seed of learning.
      asked: What is asked of the program.
      out: The folder of the runs; this one is in `NAME-seedSEED`.

    Returns:
      The row; of a program with `step`, the digest of the text of its step: equal texts have equal
      ones.
    """
    folder = out / f"{name}-seed{seed}"
    path = folder / ROW
    wanted = json.loads(json.dumps(asdict(asked))) | {"judged": JUDGED}
    kept = _kept(path)
    # That there is no program does not depend on what is asked of it.
    if kept is not None and (kept["asked"] == wanted or not kept["row"]["scores"]):
        return kept["row"] | _step(folder)
    config = TrainConfig(processor=EXACT, seed=seed, eval_sizes=(max(TrainConfig().sizes),))
    if not (folder / PROGRAM).is_file():
        cli.print_note(f"learning {name} with seed {seed}")
    try:
        report = catalign.training.train(
            catalogue.get(name), config, run_dir=folder, on_event=_say_what_is_found
        )
    except NotLearnedError as error:
        row = {"task": name, "learned": seed, "scores": {}, "verdict": f"no program: {error}"}
    else:
        assert isinstance(report.reasoner, ExactReasoner)
        row = _scored(name, report.reasoner, asked, report.certificate)
        row |= {"learned": seed, "seconds": round(report.seconds, 1)}
    write_json(path, {"asked": wanted, "row": row})
    return row | _step(folder)


def _step(folder: Path) -> dict[str, str]:
    """What a row says of the text of the step, where the run has a program."""
    if not (folder / PROGRAM).is_file():
        return {}
    reasoner = read_exact(folder)
    is_program = isinstance(reasoner, DiscreteReasoner)
    text = explain_step(reasoner.program) if is_program else reasoner.describe()
    return {"step": hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}


def _kept(path: Path) -> dict[str, Any] | None:
    """The row of a run's folder and what was asked for, if there is one."""
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"asked": found["asked"], "row": {"scores": {}, **found["row"]}}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{str(path)!r} is damaged: {error!r}. Delete it: its program is scored again."
        ) from None


def _say_what_is_found(event: Event) -> None:
    if isinstance(event, Found):
        cli.print_note(f"  {event.text}")


def _scored(
    name: str, reasoner: ExactReasoner, asked: Asked, certificate: Certificate | None
) -> dict[str, Any]:
    """The scores at each size that the algorithm has.

    Beside the scores of the outputs stands, for programs, `hints_exact`: the share of further
    instances that are run as the algorithm runs them, every hint of every step, the end and the
    outputs. Transducers have no steps.

    Args:
      name: The algorithm.
      reasoner: The program.
      asked: What is asked of it.
      certificate: The one of its training run, which serves if it is of the sizes that are asked
        for.
    """
    algorithm = catalogue.get(name)
    fit = [size for size in asked.sizes if size >= algorithm.min_size]
    instances = asked.instances or protocol.instances(name)
    rows = evaluate_fresh(
        reasoner,
        algorithm,
        fit,
        seed=asked.seed,
        instances=instances,
        protocol=Protocol.FIXED_POINT.value,
    )
    scores = {}
    for evaluation in rows:
        found = {
            "instances": instances,
            "micro_f1": evaluation.micro_f1,
            "node_exact": evaluation.node_exact,
            "graph_exact": evaluation.graph_exact,
        }
        if isinstance(reasoner, DiscreteReasoner):
            drawn = algorithm.sample_inputs(jax.random.key(asked.seed), instances, evaluation.size)
            found["hints_exact"] = _hints_exact(reasoner, algorithm, drawn, instances)
        scores[str(evaluation.size)] = found
    row: dict[str, Any] = {"task": name, "scores": scores, "verdict": ""}
    if asked.certified:
        near = [size for size in fit if within_reach(algorithm, size)]
        if certificate is None or {s.size for s in certificate.sampled} != set(near):
            certificate = certify(reasoner, algorithm, sizes=near)
        row |= {"verdict": certificate.verdict, "unproved": list(certificate.unproved)}
    forget_compiled()
    return row


def _hints_exact(
    reasoner: DiscreteReasoner, algorithm: Algorithm, inputs: Probes, instances: int
) -> float:
    most = choose_batch_size(algorithm.size(inputs))
    parts = [{k: v[b : b + most] for k, v in inputs.items()} for b in range(0, instances, most)]
    exact = [hints_exact(reasoner.program, algorithm, part).sum() for part in parts]
    return float(sum(exact) / instances)
