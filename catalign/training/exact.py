"""A run of the exact processor: learn a program or transducers, certify, score, write it down."""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

import jax

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment.certificate import Certificate, Coverage
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.pretrained import ExactReasoner, dumps, loads
from catalign.nn.scan.form import word_form
from catalign.training.certify import certify
from catalign.training.config import TrainConfig
from catalign.training.directory import (
    RESULT,
    open_run,
    read_run,
    write_environment,
    write_json,
    write_text,
)
from catalign.training.discrete.certify import within_reach
from catalign.training.discrete.learn import ExactConfig, NotLearnedError
from catalign.training.discrete.learn import learn as learn_program
from catalign.training.evaluation import Evaluation, EvaluationTable, Protocol, evaluate
from catalign.training.event import Evaluated, Event, Finished, Found, Started
from catalign.training.recipe import training_law
from catalign.training.report import PAGE
from catalign.training.single import TrainReport
from catalign.training.step import TEST, stream_key
from catalign.training.words.learn import learn as learn_words

EXACT = "exact"
"""The name of the processor that is a discrete program, or a transducer for each output."""
PROGRAM, LEARNING, CERTIFICATE = "program.json", "learning.json", "certificate.txt"


@dataclasses.dataclass(frozen=True)
class _How:
    """How a reasoner was learned: see `Learning`. It is written before the reasoner is."""

    seconds: float = 0.0
    coverage: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unmended: int = 0
    rivals: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "_How":
        """What a run's folder says; nothing of a run of an earlier version."""
        path = folder / LEARNING
        if not path.is_file():
            return cls()
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{str(path)!r} is damaged: {error}. Delete it: the program stays."
            ) from None

    def beside(self, certificate: Certificate) -> Certificate:
        """A certificate that says it too."""
        coverage = (Coverage(subject="cells of all rules", counts=self.coverage),)
        unproved = certificate.unproved
        if self.unmended:
            unproved += (
                f"of the fresh instances of the training sizes {self.unmended} came out wrong, in "
                "a hint at least, and nothing was found that is right on them",
            )
        return dataclasses.replace(
            certificate,
            coverage=coverage if self.coverage else (),
            unproved=unproved,
            rivals=tuple(self.rivals),
        )


def train_exact(
    algorithm: Algorithm,
    config: TrainConfig,
    run_dir: str | PathLike[str] | None,
    on_event: Callable[[Event], None] | None,
) -> TrainReport:
    """Learns a program, or transducers where the spec is one of words (see `word_form`).

    Where no transducer writes a hint or an output of such a spec, a program is searched. Of the
    settings it reads those of `EXACT_READS`.

    With `random_pos` the places are redrawn in what it learns from and in the samples of the
    certificate. As for networks, the scores are on the algorithm's own law.

    A run that was stopped after what it learned was found goes on from there.

    Args:
      algorithm: What makes the traces.
      config: The settings.
      run_dir: The run's folder; nothing is written if left out.
      on_event: Called with what happens.

    Raises:
      InputError: `run_dir` holds another run.
      NotLearnedError: No transducer and no program of the catalogue fits the traces.
    """
    law = training_law(algorithm, config)
    emit = on_event if on_event is not None else lambda _: None
    folder = None if run_dir is None else open_run(run_dir, algorithm.name, config)
    device = jax.devices()[0]
    known = folder is not None and (folder / PROGRAM).is_file()
    emit(
        Started(
            task=algorithm.name,
            processor=EXACT,
            parameters=0,
            steps=1,
            resumed_from=int(known),
            trace_steps={},
            device=f"{device.platform} ({device.device_kind})",
            run_dir=folder,
        )
    )
    result = read_run(folder).result if folder is not None else None
    if known and folder is not None:
        reasoner, how = read_exact(folder), _How.read(folder)
    else:
        settings = ExactConfig(sizes=config.sizes, seed=config.seed)
        reasoner, how = _learned(law, settings, lambda text: emit(Found(text=text)))
        if folder is not None:
            write_environment(folder, str(device.device_kind))
            write_json(folder / LEARNING, dataclasses.asdict(how))
            write_text(folder / PROGRAM, dumps(reasoner))
    if result is not None:
        rows = tuple(Evaluation.from_dict(row) for row in result["evaluations"])
        table, certificate = EvaluationTable(rows), None
    else:
        begin = time.monotonic()
        certificate = certify(reasoner, law, sizes=_certified(config, algorithm))
        certificate = how.beside(certificate)
        emit(Found(text=f"certified in {time.monotonic() - begin:.0f} s: {certificate.verdict}"))
        table = _evaluated(reasoner, algorithm, config, emit)
    report = TrainReport(
        task=algorithm.name,
        config=config,
        reasoner=reasoner,
        table=table,
        history=(),
        hardened=None,
        parameters=0,
        seconds=how.seconds,
        run_dir=folder,
        certificate=certificate,
    )
    if folder is not None and result is None and certificate is not None:
        _write(folder, report, certificate)
    emit(Finished(table=table, run_dir=folder))
    return report


def _learned(
    law: Algorithm, settings: ExactConfig, say: Callable[[str], None]
) -> tuple[ExactReasoner, _How]:
    if word_form(law.spec) is not None:
        try:
            words = learn_words(law, settings, on_rule=say)
        except NotLearnedError as error:
            say(f"{error} A program of terms is searched.")
        else:
            counts = {
                f"{table.subject}: {cell}": count
                for table in words.coverage
                for cell, count in table.counts.items()
            }
            return words.reasoner, _How(words.seconds, counts, words.unmended)
    found = learn_program(law, settings, on_rule=say)
    how = _How(found.seconds, dict(found.coverage.counts), found.unmended, found.rivals)
    return DiscreteReasoner(found.program), how


def _certified(config: TrainConfig, algorithm: Algorithm) -> list[int]:
    """The largest sizes of training and of the evaluation, and one further, where within reach.

    What holds at the sizes of the evaluation by accident may fail beyond.
    """
    tested = max(config.eval_sizes)
    beyond = [size for size in (tested, BEYOND * tested) if within_reach(algorithm, size)]
    return sorted({max(config.sizes), *beyond})


BEYOND = 4
"""How many times larger than the evaluation the last sample of a certificate is."""


def read_exact(folder: Path) -> ExactReasoner:
    """The reasoner of a run's folder.

    Raises:
      InputError: The run has not found its program yet, or the file is damaged.
    """
    path = folder / PROGRAM
    if not path.is_file():
        raise InputError(
            f"{str(folder)!r} holds no {PROGRAM}: its run has not found one yet. Run the "
            "same command again."
        )
    return loads(path.read_text(encoding="utf-8"), source=str(path))


def saved_certificate(folder: Path) -> str | None:
    """The text of the certificate in a finished run's folder; None if it holds none."""
    path = folder / CERTIFICATE
    return path.read_text(encoding="utf-8").rstrip("\n") if path.is_file() else None


def _evaluated(
    reasoner: ExactReasoner,
    algorithm: Algorithm,
    config: TrainConfig,
    emit: Callable[[Event], None],
) -> EvaluationTable:
    return evaluate(
        reasoner,
        algorithm,
        config.eval_sizes,
        key=stream_key(config, TEST),
        instances=config.eval_instances,
        protocol=Protocol.FIXED_POINT,
        on_row=lambda row: emit(Evaluated(evaluation=row)),
    )


def _write(folder: Path, report: TrainReport, certificate: Certificate) -> None:
    write_text(folder / CERTIFICATE, f"{certificate}\n")
    page = [
        f"# {report.task} with {EXACT}",
        f"Learned in {report.seconds:.1f} s from traces of n in {list(report.config.sizes)}, seed "
        f"{report.config.seed}.",
        "## Score against size",
        report.table.to_markdown(),
        "## Certificate",
        f"```text\n{certificate}\n```",
        "## What was learned",
        f"```text\n{report.reasoner.describe()}\n```",
    ]
    if certificate.rivals:
        page += [
            "## Other terms that fit",
            "They give the same at every example of the cell that was compared, up to 600 states "
            "of each batch, so that training alone does not choose.",
            "\n".join(f"- `{rival}`" for rival in certificate.rivals),
        ]
    write_text(folder / PAGE, "\n\n".join(page) + "\n")
    write_json(
        folder / RESULT,
        {
            "task": report.task,
            "step": 1,
            "seconds": round(report.seconds, 3),
            "parameters": 0,
            "evaluations": [row.to_dict() for row in report.table.rows],
            "hardening_kept": False,
            "hardening": None,
        },
    )
