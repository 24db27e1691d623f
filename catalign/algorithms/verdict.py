"""What a check of answers finds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool


@dataclass(frozen=True)
class Verdict:
    """Which answers of a batch are right, and where the others are wrong.

    Attributes:
      violated: For each output probe, in its own shape with the batch axis first: the places where
        the answer breaks a condition.

    Example:
      >>> verdict = Verdict({"sum": np.array([[False, False], [False, True]])})
      >>> verdict.correct.tolist()
      [True, False]
      >>> print(verdict)
      1 of 2 answers are right. Instance 1: sum is wrong at 1.
    """

    violated: Mapping[str, Bool[np.ndarray, "..."]]

    @property
    def correct(self) -> Bool[np.ndarray, " b"]:
        """Whether each answer is right."""
        flat = [np.asarray(x).reshape(len(x), -1).any(axis=1) for x in self.violated.values()]
        return ~np.any(flat, axis=0)

    def __str__(self) -> str:
        correct = self.correct
        text = [f"{correct.sum()} of {len(correct)} answers are right."]
        for b in np.flatnonzero(~correct)[:3]:
            for name, wrong in self.violated.items():
                if np.any(wrong[b]):
                    text.append(f"Instance {b}: {name} is wrong{_places(np.asarray(wrong[b]))}.")
        return " ".join(text)


def _places(wrong: Bool[np.ndarray, "..."]) -> str:
    if wrong.ndim == 0:
        return ""
    found = [p[0] if len(p) == 1 else tuple(p) for p in np.argwhere(wrong).tolist()]
    more = "" if len(found) <= 5 else f" and {len(found) - 5} more"
    return f" at {', '.join(map(str, found[:5]))}{more}"
