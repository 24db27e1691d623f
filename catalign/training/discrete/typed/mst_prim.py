"""Prim's algorithm: the lightest node of the queue joins the tree, and offers its edges."""

from catalign.nn.discrete.expression import I
from catalign.nn.discrete.scalar import OfPair
from catalign.training.discrete.typed.dijkstra import SEARCH, U, search
from catalign.training.discrete.typed.grammar import symmetric, typed

MST_PRIM = typed(
    search("mst_prim", "key", OfPair("A", U, I)),
    invariants=SEARCH,
    assumptions=(symmetric(),),
)
