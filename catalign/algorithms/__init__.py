"""The classical algorithms with their traces and samplers: the oracle of everything else."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
