"""All paths at once: the Kleene star `A* = I + A + A^2 + ...` of a matrix in a semiring."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
