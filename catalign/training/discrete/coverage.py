"""How often the examples of a rule meet each of its cells: the leaves of its tree."""

from collections.abc import Sequence

import numpy as np

from catalign.nn.discrete.condition import Condition
from catalign.nn.discrete.rule import Rule, cells
from catalign.nn.discrete.view import View
from catalign.training.discrete.candidates import cell
from catalign.training.discrete.rows import all_rows


def cell_counts(name: str, rule: Rule, views: Sequence[View]) -> dict[str, int]:
    """How many receivers of some states come to each cell of a rule.

    Args:
      name: What the rule is called.
      rule: The rule.
      views: The states, with all that the rule reads.

    Returns:
      The counts by name: the term of the cell, and the conditions that lead to it.
    """
    names = [
        f"{name}: {leaf.term}" + (f" where {describe_cell(path)}" if path else "")
        for path, leaf in cells(rule.tree)
    ]
    counts = np.zeros(len(names), int)
    for view in views:
        view.forget()
        with np.errstate(all="ignore"):
            counts += np.bincount(
                cell(all_rows([view], rule.field.rank), rule.tree), minlength=len(names)
            )
        view.forget()
    return dict(zip(names, counts.tolist(), strict=True))


def describe_cell(path: Sequence[tuple[Condition, bool]]) -> str:
    """The conditions that lead to a cell, as text."""
    return " and ".join(str(c) if holds else f"not ({c})" for c, holds in path)
