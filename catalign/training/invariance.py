"""Teaching a processor the laws of asynchrony while it learns its task."""

from collections.abc import Sequence

from catalign._errors import InputError
from catalign._typing import KeyArray, Scalar
from catalign.nn.asynchrony.invariance import draw, invariance_losses
from catalign.nn.asynchrony.law import Invariance
from catalign.nn.asynchrony.processor import AsynchronousProcessor
from catalign.nn.reasoner import AbstractReasoner


def law_name(law: Invariance) -> str:
    """The name of a law's loss among those of a run.

    Example:
      >>> law_name(Invariance.COCYCLE)
      'law/cocycle'
    """
    return f"law/{law.value}"


def law_losses(
    reasoner: AbstractReasoner, laws: Sequence[Invariance], key: KeyArray
) -> dict[str, Scalar]:
    """The mean square by which a reasoner's processor fails some laws, on normal draws.

    Args:
      reasoner: A reasoner whose processor is an asynchronous one.
      laws: Which laws.
      key: Where the draws come from.

    Raises:
      InputError: The processor has no laws to be taught.

    Example:
      >>> import catalign
      >>> import jax
      >>> from flax import nnx
      >>> from catalign.nn.build import build_reasoner
      >>> bfs = catalign.algorithms.get("bfs")
      >>> reasoner = build_reasoner(bfs, "l3_tropical", width=4, rngs=nnx.Rngs(0))
      >>> found = law_losses(reasoner, [Invariance.COCYCLE], jax.random.key(0))
      >>> {name: float(value) for name, value in found.items()}
      {'law/cocycle': 0.0}

    Source: Monteagudo-Lago et al. 2024, PMLR 251:65-77.
    """
    layer = getattr(reasoner, "processor", None)
    if not isinstance(layer, AsynchronousProcessor):
        kind = type(reasoner if layer is None else layer).__name__
        raise InputError(
            f"`invariance` asks for {', '.join(law.value for law in laws)}, but {kind} is not made "
            "of an update, an argument and a message. Choose a `processor` such as 'l1_max', "
            "'l2_max', 'l3_max' or 'learned_argument', or leave `invariance` out."
        )
    found = invariance_losses(layer, draw(layer, key))
    return {law_name(law): found[law.value] for law in laws}
