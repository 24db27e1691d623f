"""Proves a hardened aligned reasoner to be Bellman-Ford, by comparing its constants."""

from collections.abc import Iterator, Mapping

import numpy as np

from catalign._errors import UnsupportedError
from catalign.algebra.instances import min_plus
from catalign.alignment.certificate import Certificate, Counterexample, Proof
from catalign.nn.aligned import AlignedReasoner
from catalign.nn.constant import Constants

_CONDITIONS = (
    "no cycle of negative weight is reached",
    "sums of weights are exact: whole weights, and distances below 2^24 in float32",
)


def certify_paths(
    reasoner: AlignedReasoner, *, weights: str = "A", source: str = "s"
) -> Certificate:
    """Proves that a reasoner finds shortest paths at every size, or shows a graph of one edge.

    Maths: the message and the seed are affine, so that they equal those of Bellman-Ford,
    `m(u, v) = w(u, v)` and `c = 0`, everywhere if and only if each constant is equal. Then a run to
    its fixed point holds `x_v = min over walks p from s to v of w(p)`, whatever the graph.

    Args:
      reasoner: Trained, and hardened: a constant that is nearly right is not right.
      weights: The edge scalar that paths add up.
      source: The mask of the source, the only node mask there is.

    Returns:
      A proof for all sizes, or a counterexample: a graph of two nodes.

    Raises:
      UnsupportedError: The reasoner does not compute in `min_plus`, or has other masks or weights.

    Example:
      >>> import catalign
      >>> from flax import nnx
      >>> spec = catalign.algorithms.get("bellman_ford").spec
      >>> untrained = AlignedReasoner(spec, min_plus, rngs=nnx.Rngs(0))
      >>> certify_paths(untrained).is_proved
      False

    Source: Cormen et al., Introduction to Algorithms, 24.1.
    """
    path = f"{weights}[u,v]"
    if reasoner.semiring != min_plus or reasoner.seeds != (source,):
        raise UnsupportedError(
            f"`reasoner` computes in {reasoner.semiring.name} from the masks {reasoner.seeds}, but "
            f"shortest paths are those of min_plus from ({source!r},)."
        )
    if path not in reasoner.message.terms:
        raise UnsupportedError(
            f"`weights` is {weights!r}, but messages are made of "
            f"{', '.join(reasoner.message.terms)}."
        )
    subject = f"shortest paths from {source} over {weights}"
    rules = (
        ("the seed", reasoner.seed[source], ""),
        ("the message", reasoner.message, path),
    )
    for rule, constants, wanted in rules:
        for features, expected, actual in _differences(constants, wanted):
            wrong = Counterexample(inputs=features, expected=expected, actual=actual, cell=rule)
            return Certificate(subject=subject, counterexample=wrong)
    proof = Proof(
        statement="at its fixed point it holds the distances and their predecessors",
        method="constants of affine rules equal Bellman-Ford's",
        cases=sum(len(constants.terms) for _, constants, _ in rules),
    )
    return Certificate(subject=subject, proved=(proof,), preconditions=_CONDITIONS)


def _differences(
    constants: Constants, wanted: str
) -> Iterator[tuple[Mapping[str, float], float, float]]:
    """Scalars of one edge, all zero or one of them 1, on which a rule is not the wanted scalar."""
    values = dict(zip(constants.terms, np.asarray(constants.theta[...]).tolist(), strict=True))
    scalars = [term for term in constants.terms if term != "1"]
    for one in ("", *scalars):
        features = {term: float(term == one) for term in scalars}
        expected = features.get(wanted, 0.0)
        actual = values["1"] + (values[one] if one else 0.0)
        if actual != expected:
            yield features, expected, actual
