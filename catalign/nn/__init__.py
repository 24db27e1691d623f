"""Learned reasoners: encoders, processors and decoders, typed by polynomial diagrams."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
