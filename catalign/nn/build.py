"""Building a reasoner for an algorithm, with a processor of ours or of one's own."""

import difflib

from flax import nnx

from catalign._errors import InputError
from catalign.algebra.instances import SEMIRINGS
from catalign.algebra.semiring import Semiring
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.configured import Configured
from catalign.nn.neural import NeuralReasoner
from catalign.nn.option import DEFAULT, Options
from catalign.nn.processor import AbstractProcessor
from catalign.nn.reasoner import AbstractReasoner
from catalign.nn.zoo import LEARNED

ALIGNED = "aligned"


def build_reasoner(
    algorithm: Algorithm,
    processor: str | type[AbstractProcessor] | Configured,
    *,
    semiring: Semiring | str | None = None,
    width: int = 32,
    options: Options = DEFAULT,
    rngs: nnx.Rngs,
) -> AbstractReasoner:
    """Builds a reasoner with the spec of an algorithm.

    Args:
      algorithm: What it shall learn. Only the spec is read.
      processor: "aligned", a name of `catalign.nn.LEARNED`, a class derived from
        `AbstractProcessor`, or one with options (see `Configured`).
      semiring: What the aligned processor computes in, a semiring or its name.
      width: The width of a learned processor's latent fields.
      options: How a learned processor reads and predicts probes.
      rngs: Parameter keys.

    Raises:
      InputError: The processor or the semiring is unknown, a class declares no diagram, or the
        aligned processor has no semiring.
      SortError: The processor's type cannot express the spec; the message names a diagram that
        could.

    Example:
      >>> import catalign
      >>> bfs = catalign.algorithms.get("bfs")
      >>> reasoner = build_reasoner(bfs, "aligned", semiring="lor_land", rngs=nnx.Rngs(0))
      >>> print(reasoner.diagram)  # doctest: +ELLIPSIS
      bellman_ford: ...
    """
    if processor == ALIGNED:
        return AlignedReasoner(algorithm.spec, _semiring(algorithm, semiring), rngs=rngs)
    found = LEARNED.get(processor) if isinstance(processor, str) else processor
    if found is None:
        known = _choice(str(processor), (ALIGNED, *LEARNED))
        raise InputError(f"`processor` is {processor!r}; it must be one of {known}.")
    learned = found if isinstance(found, Configured) else Configured(found)
    return NeuralReasoner(algorithm.spec, learned, width, options=options, rngs=rngs)


def _semiring(algorithm: Algorithm, semiring: Semiring | str | None) -> Semiring:
    if isinstance(semiring, Semiring):
        return semiring
    if semiring is None:
        raise InputError(
            f"the aligned processor of {algorithm.name} needs a `semiring`: "
            f"give one of {', '.join(SEMIRINGS)}."
        )
    if semiring not in SEMIRINGS:
        known = _choice(semiring, tuple(SEMIRINGS))
        raise InputError(f"`semiring` is {semiring!r}; it must be one of {known}.")
    return SEMIRINGS[semiring]


def _choice(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return ", ".join(known) + (f". Did you mean {near[0]!r}?" if near else "")
