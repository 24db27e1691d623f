"""Neural networks whose wiring is the data flow of a classical algorithm."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
