"""Processors that may run out of order, the laws they need, and losses that teach them."""

import lazy_loader as _lazy_loader

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
