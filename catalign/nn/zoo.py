"""The learned processors by name."""

from types import MappingProxyType

from catalign.algebra.instances import max_min, max_plus, min_plus, plus_times
from catalign.nn.asynchrony.processor import (
    L1Max,
    L1Sum,
    L2Max,
    L3Max,
    L3Tropical,
    LearnedArgument,
)
from catalign.nn.configured import Configured
from catalign.nn.option import UpdateStyle
from catalign.nn.processors.deep_sets import DeepSets
from catalign.nn.processors.edge_transformer import EdgeTransformer
from catalign.nn.processors.gat import GAT
from catalign.nn.processors.gatv2 import GATv2
from catalign.nn.processors.mpnn import MPNN
from catalign.nn.processors.parts import Mean
from catalign.nn.processors.path_gnn import PathGNN
from catalign.nn.processors.pgn import PGN
from catalign.nn.processors.pointer_pgn import PointerPGN
from catalign.nn.processors.recurrent import RecurrentAggregator
from catalign.nn.processors.relational_transformer import RelationalTransformer
from catalign.nn.processors.semiring import SemiringMPNN
from catalign.nn.processors.sparse_mpnn import SparseMPNN
from catalign.nn.processors.triplet import TripletMPNN

LEARNED = MappingProxyType(
    {
        "deep_sets": Configured(DeepSets),
        "edge_transformer": Configured(EdgeTransformer),
        "gat": Configured(GAT),
        "gatv2": Configured(GATv2),
        "l1_max": Configured(L1Max),
        "l1_sum": Configured(L1Sum),
        "l2_max": Configured(L2Max),
        "l3_max": Configured(L3Max),
        "l3_tropical": Configured(L3Tropical),
        "learned_argument": Configured(LearnedArgument),
        "mpnn": Configured(MPNN),
        "mpnn_mean": Configured(MPNN, {"aggregation": Mean()}),
        "mpnn_sparse": Configured(SparseMPNN),
        "mpnn_sum": Configured(MPNN, {"aggregation": plus_times.add}),
        "path_gnn": Configured(PathGNN),
        "pgn": Configured(PGN),
        "pgn_gated": Configured(PGN, {"style": UpdateStyle(gated=True)}),
        "pgn_pointer": Configured(PointerPGN),
        "relational_transformer": Configured(RelationalTransformer),
        "rnar": Configured(RecurrentAggregator),
        "semiring_max_min": Configured(SemiringMPNN, {"semiring": max_min}),
        "semiring_max_plus": Configured(SemiringMPNN, {"semiring": max_plus}),
        "semiring_min_plus": Configured(SemiringMPNN, {"semiring": min_plus}),
        "semiring_plus_times": Configured(SemiringMPNN, {"semiring": plus_times}),
        "triplet_gmpnn": Configured(TripletMPNN, {"style": UpdateStyle(gated=True)}),
        "triplet_mpnn": Configured(TripletMPNN),
    }
)
"""Names of processors. Besides them there is "aligned", which needs a semiring."""
