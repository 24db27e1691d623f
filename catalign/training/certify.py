"""The certificate of an exact reasoner: what is proved and checked of it, or where it is wrong."""

from collections.abc import Sequence

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.alignment.certificate import Certificate
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.training.discrete.certify import certify_program
from catalign.training.words.certify import certify_words


def certify(
    model: Program | DiscreteReasoner | ScanReasoner,
    algorithm: Algorithm,
    *,
    sizes: Sequence[int] | None = None,
    count: int = 32,
) -> Certificate:
    """Runs a program or transducers beside an algorithm, and proves them equal to its rules.

    Three kinds of evidence are kept apart: what is proved for all sizes, what was run on all
    instances up to a size, and samples. See `certify_program` and `certify_words` for what a proof
    rests on. What is learned otherwise certifies itself: `HardScan.certify` and `GridCell.certify`
    against a table, `certify_sorting` by the 0-1 principle, `certify_paths` an aligned network.

    Args:
      model: The program, or a reasoner as `catalign.load` gives it.
      algorithm: What it shall equal.
      sizes: The sizes of the samples; some from 16 on if left out.
      count: The number of instances of each family and size; of large ones fewer.

    Returns:
      The evidence, or a counterexample: a smallest instance found, and what is wrong there.

    Raises:
      InputError: `count` is below 1, or the model has other inputs, hints or outputs than the
        algorithm, or is no program and no transducers.

    Example:
      >>> import catalign
      >>> minimum = catalign.algorithms.get("minimum")
      >>> certificate = certify(catalign.load("minimum"), minimum, sizes=(8,), count=4)
      >>> certificate.verdict, certificate.exhaustive[0].up_to
      ('proved for all sizes', 5)
    """
    if count < 1:
        raise InputError(f"`count` is {count}, but it must be at least 1.")
    if isinstance(model, ScanReasoner):
        return certify_words(model, algorithm, sizes=sizes, count=count)
    return certify_program(model, algorithm, sizes=sizes, count=count)
