"""The products of two digits, learned from products of short numbers."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from catalign._errors import InputError, ShapeMismatchError, UnsupportedError
from catalign.alignment.certificate import Certificate, Counterexample, Coverage, Proof

_WHOLE = 1e-3
"""How near to a whole number a learned product must be."""


@dataclass(frozen=True)
class DigitProducts:
    """A table of the products of two digits.

    Attributes:
      base: The number of digits.
      table: `table[u][v]` is the product of the digits u and v.
      coverage: In how many examples each pair of digits met.
    """

    base: int
    table: tuple[tuple[int, ...], ...]
    coverage: tuple[Coverage, ...] = field(default=(), compare=False, repr=False)

    def certify(
        self, rule: Callable[[int, int], int], *, subject: str = "products of digits"
    ) -> Certificate:
        """Compares all cells with the algorithm's product.

        Args:
          rule: The algorithm's product of two digits, in Python.
          subject: What to call the claim.

        Example:
          >>> bits = DigitProducts(2, ((0, 0), (0, 1)))
          >>> bits.certify(lambda u, v: u * v).is_proved
          True
          >>> bits.certify(lambda u, v: u | v).counterexample.inputs
          {'u': 0, 'v': 1}
        """
        for u, v in itertools.product(range(self.base), repeat=2):
            if self.table[u][v] != rule(u, v):
                wrong = Counterexample(
                    inputs={"u": u, "v": v},
                    expected=rule(u, v),
                    actual=self.table[u][v],
                    cell=f"the product ({u}, {v})",
                )
                return Certificate(subject=subject, coverage=self.coverage, counterexample=wrong)
        proof = Proof(
            statement="equal on all pairs of digits",
            method="all cells compared",
            cases=self.base**2,
        )
        return Certificate(subject=subject, proved=(proof,), coverage=self.coverage)


def learn_products(
    first: np.ndarray, second: np.ndarray, results: np.ndarray, *, base: int
) -> DigitProducts:
    """Learns the products of digits from the results of multiplying short numbers.

    Maths: a product is linear in the table, `sum over i, j of t(a_i, b_j) base^(i + j)`. The table
    of least squared error is found and hardened to whole numbers.

    Args:
      first: Digits of the first factors, least significant first, `[examples, n]`.
      second: Digits of the second factors, `[examples, m]`.
      results: The products as numbers, `[examples]`.
      base: The number of digits.

    Raises:
      ShapeMismatchError: The arrays do not fit.
      InputError: A digit is out of range, or the numbers are too long for exact sums.
      UnsupportedError: The examples do not determine every cell, or no table of whole numbers
        gives their results.

    Example:
      >>> pairs = np.array([(u, v) for u in range(4) for v in range(4)])
      >>> learned = learn_products(pairs[:, :1], pairs[:, 1:], pairs.prod(axis=1), base=4)
      >>> learned.table[3]
      (0, 3, 6, 9)
    """
    if first.ndim != 2 or second.ndim != 2 or not len(first) == len(second) == len(results):
        raise ShapeMismatchError(
            f"`first` {first.shape}, `second` {second.shape} and `results` {results.shape}: give "
            "[examples, digits] twice, and [examples]."
        )
    digits = np.concatenate([first, second], axis=1)
    if digits.size and (digits.min() < 0 or digits.max() >= base):
        raise InputError(f"`first` and `second` must hold digits from 0 to {base - 1}.")
    if float(base) ** digits.shape[1] >= 2.0**40:
        raise InputError(
            f"`first` and `second` have {digits.shape[1]} digits in base {base} together: learn "
            "from shorter numbers."
        )
    design = np.zeros((len(first), base * base))
    met = np.zeros(base * base, int)
    for i, j in itertools.product(range(first.shape[1]), range(second.shape[1])):
        cells = first[:, i] * base + second[:, j]
        np.add.at(design, (np.arange(len(first)), cells), float(base) ** (i + j))
        met += np.bincount(cells, minlength=base * base)
    table, _, rank, _ = np.linalg.lstsq(design, results.astype(float), rcond=None)
    if rank < base * base:
        unseen = [f"({c // base}, {c % base})" for c in np.flatnonzero(met == 0)]
        raise UnsupportedError(
            f"the {len(first)} examples determine {rank} of {base * base} products"
            + (f"; {', '.join(unseen[:4])} never met" if unseen else "")
            + ". Give more examples."
        )
    whole = np.rint(table)
    if np.abs(table - whole).max() > _WHOLE or (design @ whole != results).any():
        raise UnsupportedError(
            "no table of whole numbers gives `results`: the best one is "
            f"{np.abs(table - whole).max():.3g} off. Check that they are products of `first` and "
            "`second`, digit by digit."
        )
    coverage = Coverage(
        subject="products of digits",
        counts={f"({c // base}, {c % base})": int(met[c]) for c in range(base * base)},
    )
    rows = tuple(tuple(int(x) for x in row) for row in whole.reshape(base, base))
    return DigitProducts(base, rows, (coverage,))
