"""Syntax: sorts, finite sets, and polynomial diagrams W <-i- X -p-> Y -o-> Z."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
