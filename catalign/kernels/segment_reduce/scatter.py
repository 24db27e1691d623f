"""Sums by XLA's scatter over sorted receivers: on CPU one pass over the messages, in order.

Where a monoid has no scatter of its own, its segment reduction scans.
"""

from catalign.algebra.monoid import CommutativeMonoid, Values
from catalign.kernels.segment_reduce.csr import CsrGraph


def reduce(messages: Values, graph: CsrGraph, monoid: CommutativeMonoid) -> Values:
    """As the reference."""
    return monoid.segment(messages, graph.receivers, graph.n_node, indices_are_sorted=True)
