"""Published recipes of training, as settings. Needs no JAX.

A preset gives every setting its published value; `dataclasses.replace` changes some of them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from catalign.nn.option import ConstantHints, EdgePointers, Feedback, HintMode, ScalarStart
from catalign.training.config import Keep, Schedule, TrainConfig

_TENTHS = tuple(round(0.1 * k, 1) for k in range(1, 10))
_TWENTIETHS = tuple(round(0.05 * k, 2) for k in range(1, 10))

_LONG = ("articulation_points", "bridges", "mst_kruskal")
_GRAPHS = (
    "bellman_ford",
    "bfs",
    "dag_shortest_paths",
    "dfs",
    "dijkstra",
    "floyd_warshall",
    "mst_prim",
    "strongly_connected_components",
    "topological_sort",
)
_MATCHERS = ("kmp_matcher", "naive_string_matcher")

MULTIPLIERS: Mapping[str, int] = MappingProxyType(
    {
        "binary_search": 64,
        "find_maximum_subarray_kadane": 32,
        "kmp_matcher": 64,
        "minimum": 64,
        "naive_string_matcher": 64,
        "quickselect": 64,
        "segments_intersect": 64,
    }
)
"""How many times more instances than of other algorithms the benchmark scores."""


def ibarz2022(task: str) -> TrainConfig:
    """The recipe of the generalist paper for one algorithm, as its code runs it.

    Batches of 32 fresh instances at 4, 7, 11, 13 and 16 nodes in turn, for 10,000 updates of
    Adam at 0.001 with gradients clipped at 1; graphs whose edge probability is one of 0.1 to 0.9
    (half of that where denser graphs make runs long); matchers on 20 nodes with needles of 1 to 8;
    `pos` redrawn; hints read and predicted, without teacher forcing, fed back soft; hints that
    never change read as inputs; scalar hints encoded from a Xavier start; the parameters that were
    best on 16 nodes; Triplet-GMPNN of width 128.

    A validation scores 64 instances, times the benchmark's multiplier: where an output is a single
    node, 64 are soon all right, and the first network that has them so is not the best of a run.

    What differs: the updates of one dispatch share a size.

    Args:
      task: The algorithm's name. One outside of CLRS-30 keeps its own laws but for `pos`.

    Example:
      >>> config = ibarz2022("kmp_matcher")
      >>> config.sizes, config.max_needle, config.steps
      ((20,), 8, 10000)

    Source: Ibarz et al. 2022, arXiv 2209.11142, section 3.2 and appendix; the code of CLRS-30.
    """
    matches = task in _MATCHERS
    return TrainConfig(
        steps=10_000,
        batch_size=32,
        sizes=(20,) if matches else (4, 7, 11, 13, 16),
        edge_probabilities=_TENTHS if task in _GRAPHS else _TWENTIETHS if task in _LONG else (),
        max_needle=8 if matches else None,
        random_pos=True,
        processor="triplet_gmpnn",
        width=128,
        hints=HintMode.ENCODED_DECODED,
        feedback=Feedback.SOFT,
        constant_hints=ConstantHints.INPUTS,
        scalar_start=ScalarStart.XAVIER,
        edge_pointers=EdgePointers.ENDS,
        hint_weight=1.0,
        teacher_forcing=0.0,
        learning_rate=1e-3,
        schedule=Schedule.CONSTANT,
        warmup_steps=0,
        clip=1.0,
        eval_every=50,
        keep=Keep.BEST,
        eval_sizes=(20, 80) if matches else (16, 64),
        eval_instances=64,
        validation_instances=64 * MULTIPLIERS.get(task, 1),
    )
