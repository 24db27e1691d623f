"""Sums over the edges that enter each node, in a commutative monoid: E -> V, and V -> E -> V."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
