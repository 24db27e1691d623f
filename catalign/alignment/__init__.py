"""Claims: which diagram and algebra an algorithm is, and the check that runs both."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
