"""Frontier rows of tables over two words: longest common subsequence and edit distance."""

import functools
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from catalign._errors import UnsupportedError
from catalign.nn.grid import GridCell, PairExamples, learn_cell
from catalign.nn.grid.cell import GridRule, table
from tasks.frontier_row import Row, count_wrong, timed

TABLES: dict[str, tuple[GridRule, int]] = {
    "longest common subsequence": (
        lambda equal, corner, north, west: corner + 1 if equal else max(north, west),
        0,
    ),
    "edit distance": (
        lambda equal, corner, north, west: min(corner + (not equal), north + 1, west + 1),
        1,
    ),
}

PAIRS = 128
"""How many pairs of words are given at first."""
REFUTED = 4
"""How many times a cell that is refuted is learned again."""


def learn_table(rule: GridRule, border: int, seed: int) -> tuple[GridCell, int]:
    """Learns a table from its answers on 128 pairs of words of up to five letters.

    Active coverage: where the certificate refutes the cell, the two words that show it, which have
    at most nine letters, join the examples, and it is learned again.

    Returns:
      The cell, and how many pairs were added.
    """
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 2, (2, PAIRS, 5))
    lengths = rng.integers(1, 6, PAIRS)
    answers = [
        table(rule, tuple(x[:n]), tuple(y), border=border)[-1][1:]
        for x, y, n in zip(first, second, lengths, strict=True)
    ]
    examples = PairExamples(first, lengths, second, np.array(answers), border)
    cell = learn_cell(examples, seed=seed)
    for added in range(REFUTED):
        found = cell.certify(rule, border=border).counterexample
        if found is None:
            return cell, added
        x, y = found.inputs["first"], found.inputs["second"]
        examples = examples.extended(x, y, table(rule, x, y, border=border)[-1][1:])
        try:
            cell = learn_cell(examples, seed=seed)
        except UnsupportedError:
            return cell, added
    return cell, REFUTED


def tables(sizes: dict[str, int], seeds: int) -> Iterator[Row]:
    """The answers for all prefixes of a word of ten thousand letters."""
    n = sizes["letters"]
    families = word_families(n)
    for task, (rule, border) in TABLES.items():
        references = {name: REFERENCES[task](x, y) for name, (x, y) in families.items()}
        for seed in range(seeds):
            told = "pairs of words of up to 5 letters, answers for all prefixes of the second"
            try:
                cell, added = learn_table(rule, border, seed)
            except UnsupportedError:
                yield Row(
                    task=task,
                    family="no cell fits the examples",
                    size=n,
                    seed=seed,
                    regime="soft",
                    wrong=1,
                    places=1,
                    seconds=0.0,
                    reference="",
                    examples=(PAIRS,),
                    learned_from=told,
                )
                continue
            if added:
                told += ", and pairs that refuted the cell"
            certificate = cell.certify(rule, border=border, subject=task)
            for family, (x, y) in families.items():
                run = functools.partial(cell.answers, jnp.asarray(x), jnp.asarray(y))
                got, seconds = timed(run)
                yield Row(
                    task=task,
                    family=family,
                    size=n,
                    seed=seed,
                    regime="certified" if certificate.is_proved else "hardened",
                    wrong=count_wrong(got, references[family]),
                    places=n,
                    seconds=seconds,
                    reference="rows by numpy" if border else "bits in Python's integers",
                    examples=(PAIRS, added) if added else (PAIRS,),
                    learned_from=told,
                )


def word_families(n: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Random words, and periodic, equal and disjoint ones."""
    rng = np.random.default_rng(93)
    x, y = rng.integers(0, 4, (2, n))
    families = {
        "random, 4 letters": (x, y),
        "periodic, periods 2 and 3": (np.resize([0, 1], n), np.resize([0, 0, 1], n)),
        "periodic, shifted": (np.resize([0, 1, 2, 3], n), np.resize([2, 3, 0, 1], n)),
        "equal": (x, x),
        "no letter in common": (x, y + 4),
        "reversed": (x, x[::-1]),
    }
    return {name: (a.astype(np.int32), b.astype(np.int32)) for name, (a, b) in families.items()}


def common_lengths(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The longest common subsequences of a word and all prefixes of another, by bits.

    Example:
      >>> common_lengths(np.array([1, 2, 3]), np.array([2, 3, 1])).tolist()
      [1, 2, 2]

    Source: Crochemore, Iliopoulos, Pinzon & Reid, A fast and practical bit-vector algorithm for the
    longest common subsequence problem, 2001.
    """
    n = len(second)
    full = (1 << n) - 1
    places: dict[int, int] = {}
    for j, letter in enumerate(second.tolist()):
        places[letter] = places.get(letter, 0) | 1 << j
    bits = full
    for letter in first.tolist():
        hit = bits & places.get(letter, 0)
        bits = ((bits + hit) | (bits - hit)) & full
    zeros = 1 - np.array([int(b) for b in reversed(f"{bits:0{n}b}")])
    return np.cumsum(zeros)


def edit_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The edit distances of a word and all prefixes of another, row by row.

    Example:
      >>> edit_distances(np.array([1, 2, 3]), np.array([2, 3, 1])).tolist()
      [2, 1, 2]
    """
    place = np.arange(len(second) + 1)
    row = place
    for letter in first:
        best = np.concatenate([row[:1] + 1, np.minimum(row[:-1] + (second != letter), row[1:] + 1)])
        row = np.minimum.accumulate(best - place) + place
    return row[1:]


REFERENCES = {"longest common subsequence": common_lengths, "edit distance": edit_distances}
