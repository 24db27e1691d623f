"""Learning discrete programs from traces: transitions, candidates, trees, memory, certificates."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
