"""Scores of tuples of nodes by what their faces say, forwards and backwards in memory for faces."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
