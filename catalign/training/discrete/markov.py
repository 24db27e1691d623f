"""The Markov test: whether what a trace shows determines what it shows next, and which memory does.

It needs no rules: a run that shows the same state twice and goes on differently refutes it.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from catalign.algorithms.spec import Kind, Spec
from catalign.nn.discrete.signature import Memory
from catalign.training.discrete.transitions import Pool

RUNS = 60
"""How many runs of each size are looked at."""

Conflict = tuple[int, int, int, int]
"""A pool, a run, and two times at which it shows the same and goes on differently."""


def conflicts(
    spec: Spec, pools: Sequence[Pool], kinds: Sequence[Kind] = tuple(Kind)
) -> list[Conflict]:
    """The places where hints of some kinds do not determine the next ones, within single runs."""
    found = []
    for number, pool in enumerate(pools):
        hints = [pool.hints[p.name] for p in spec.hints if p.kind in kinds]
        for b in range(min(RUNS, len(pool.lengths))):
            seen: dict[bytes, tuple[int, bytes]] = {}
            shown = [
                b"".join(np.ascontiguousarray(h[t, b]).tobytes() for h in hints)
                for t in range(int(pool.lengths[b]))
            ]
            for t, (now, after) in enumerate(itertools.pairwise(shown)):
                before = seen.setdefault(now, (t, after))
                if before[1] != after:
                    found.append((number, b, before[0], t))
    return found


def needed(spec: Spec, pools: Sequence[Pool], memories: Sequence[Memory]) -> list[Memory]:
    """The first memory that tells all conflicting times apart, or the one that does for most.

    Of those that do as well, the one is taken that also tells most times apart where only the
    scalars differ, if anything: rules that need not read these are shorter.

    Args:
      spec: The probes.
      pools: Traces with all memory fields.
      memories: What may be remembered, the simplest first.

    Returns:
      No memory if there is no conflict, or if none helps.
    """
    pairs = conflicts(spec, pools)
    if not pairs:
        return []
    told = _told(pools, memories, pairs)
    if not told.any():
        return []
    best = [m for m, count in zip(memories, told, strict=True) if count == told.max()]
    if len(best) == 1:
        return best
    plain = conflicts(spec, pools, [kind for kind in Kind if kind is not Kind.SCALAR])
    return [best[int(np.argmax(_told(pools, best, plain)))]]


def _told(pools: Sequence[Pool], memories: Sequence[Memory], pairs: list[Conflict]) -> np.ndarray:
    """How many of some pairs each memory tells apart."""
    return np.array([sum(_differs(pools, m.field.name, p) for p in pairs) for m in memories])


def _differs(pools: Sequence[Pool], name: str, pair: Conflict) -> bool:
    number, b, s, t = pair
    values = pools[number].hints[name]
    return not np.array_equal(values[s, b], values[t, b])
