"""Proofs that two discrete programs are equal at every size: a small decision procedure."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
