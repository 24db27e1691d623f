"""Scans: all prefixes of a sequence of functions on a finite set, or of semiring matrices."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
