"""Comonoids: what copies and deletes parameters.

Sharing one parameter among several uses needs a way to copy it, and not using it a way to delete
it. Copying twice must not depend on which copy is copied again, and deleting one copy must leave
the parameter: these are the laws of a comonoid. On pytrees the plain copy is the only comonoid:
the counits alone force it, and coassociativity follows. So any other way of tying breaks a counit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from catalign._errors import AxiomError
from catalign._typing import PyTree
from catalign.para.agreement import difference
from catalign.para.two_cell import copy


@dataclass(frozen=True)
class Comonoid:
    """A way to copy parameters, and one to delete them.

    Maths: `(c x P) . c = (P x c) . c` up to rebracketing, and `(d x P) . c = P = (P x d) . c`.

    Args:
      copy: `c: P -> P x P`.
      delete: `d: P -> ()`.

    Source: Gavranovic et al. 2024, theorem G.10.
    """

    copy: Callable[[PyTree], tuple[PyTree, PyTree]]
    delete: Callable[[PyTree], tuple[()]]


def is_comonoid(comonoid: Comonoid, samples: Iterable[PyTree], *, tolerance: float = 0.0) -> bool:
    """Whether the laws of a comonoid hold on samples of P.

    Args:
      comonoid: What to check.
      samples: Parameters.
      tolerance: The largest allowed difference.

    Example:
      >>> is_comonoid(DIAGONAL, [3])
      True
      >>> is_comonoid(Comonoid(lambda p: (p, p + 1), lambda p: ()), [3])
      False
    """
    return _counterexample(comonoid, samples, tolerance) is None


def check_comonoid(
    comonoid: Comonoid, samples: Iterable[PyTree], *, tolerance: float = 0.0
) -> None:
    """Raises unless `is_comonoid`, with the counterexample.

    Raises:
      AxiomError: A law fails; the message names it.
    """
    found = _counterexample(comonoid, samples, tolerance)
    if found is not None:
        raise AxiomError(f"no comonoid: {found}. Tie parameters with `two_cell.copy`.")


def _counterexample(comonoid: Comonoid, samples: Iterable[PyTree], tolerance: float) -> str | None:
    for p in samples:
        left, right = comonoid.copy(p)
        (a, b), (c, d) = comonoid.copy(left), comonoid.copy(right)
        sides = {
            "deletion d(p) = ()": (comonoid.delete(p), ()),
            "left counit (d x P)(c(p)) = p": ((comonoid.delete(left), right), ((), p)),
            "right counit (P x d)(c(p)) = p": ((left, comonoid.delete(right)), (p, ())),
            "coassociativity (c x P)(c(p)) = (P x c)(c(p))": ((a, b, right), (left, c, d)),
        }
        for law, (one, other) in sides.items():
            found = difference(one, other, tolerance=tolerance)
            if found is not None:
                return f"{law} fails at p={p}: {found}"
    return None


DIAGONAL = Comonoid(copy, lambda _: ())
"""The copy `p -> (p, p)` and the deletion `p -> ()`."""
