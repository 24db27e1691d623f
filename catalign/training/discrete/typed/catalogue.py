"""The typed rules that there are, by the name of their algorithm."""

from collections.abc import Mapping

from catalign.training.discrete.proof.equality import Typed
from catalign.training.discrete.typed.activity_selector import ACTIVITY_SELECTOR
from catalign.training.discrete.typed.bellman_ford import BELLMAN_FORD
from catalign.training.discrete.typed.bfs import BFS
from catalign.training.discrete.typed.binary_search import BINARY_SEARCH
from catalign.training.discrete.typed.dijkstra import DIJKSTRA
from catalign.training.discrete.typed.find_maximum_subarray_kadane import (
    FIND_MAXIMUM_SUBARRAY_KADANE,
)
from catalign.training.discrete.typed.floyd_warshall import FLOYD_WARSHALL
from catalign.training.discrete.typed.insertion_sort import INSERTION_SORT
from catalign.training.discrete.typed.matrix_chain_order import MATRIX_CHAIN_ORDER
from catalign.training.discrete.typed.minimum import MINIMUM
from catalign.training.discrete.typed.mst_prim import MST_PRIM
from catalign.training.discrete.typed.naive_string_matcher import NAIVE_STRING_MATCHER
from catalign.training.discrete.typed.task_scheduling import TASK_SCHEDULING

TYPED: Mapping[str, Typed] = {
    rules.program.name: rules
    for rules in (
        ACTIVITY_SELECTOR,
        BELLMAN_FORD,
        BFS,
        BINARY_SEARCH,
        DIJKSTRA,
        FIND_MAXIMUM_SUBARRAY_KADANE,
        FLOYD_WARSHALL,
        INSERTION_SORT,
        MATRIX_CHAIN_ORDER,
        MINIMUM,
        MST_PRIM,
        NAIVE_STRING_MATCHER,
        TASK_SCHEDULING,
    )
}
"""All typed rules."""
