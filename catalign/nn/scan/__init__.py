"""Monoid scans: transducers whose letters act on states by learned stochastic matrices."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
