"""The table of the algorithms on edge lists."""

import difflib

from catalign._errors import InputError
from catalign.algorithms.sparse import SparseAlgorithm
from catalign.algorithms.sparse_elementary_graph import sparse_bfs, sparse_dfs, sparse_eccentricity
from catalign.algorithms.sparse_independent_set import sparse_mis
from catalign.algorithms.sparse_single_source import (
    sparse_bellman_ford,
    sparse_dijkstra,
    sparse_mst_prim,
)

SALSA = (
    sparse_bfs,
    sparse_dfs,
    sparse_dijkstra,
    sparse_mst_prim,
    sparse_mis,
    sparse_eccentricity,
)
"""The six tasks of SALSA-CLRS (Minder et al. 2023, arXiv 2309.12253)."""

TABLE = (*SALSA, sparse_bellman_ford)


def sparse_names() -> tuple[str, ...]:
    """The names of all algorithms on edge lists, sorted.

    Example:
      >>> "sparse_mis" in sparse_names()
      True
    """
    return tuple(sorted(algorithm.name for algorithm in TABLE))


def get_sparse(name: str) -> SparseAlgorithm:
    """An algorithm on edge lists by name, with or without its prefix.

    Raises:
      InputError: No algorithm on edge lists has this name; the message lists the nearest ones.

    Example:
      >>> get_sparse("dijkstra").name
      'sparse_dijkstra'
    """
    for algorithm in TABLE:
        if algorithm.name in (name, f"sparse_{name}"):
            return algorithm
    near = difflib.get_close_matches(f"sparse_{name}", sparse_names(), n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sparse_names())}."
    raise InputError(f"`name` is {name!r}, which is not an algorithm on edge lists. {hint}")
