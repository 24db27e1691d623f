"""The discrete processor: a learned program of typed rules, its grammar, and its execution."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
