"""Processors: one learned layer a file, each typed by its polynomial diagram."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
