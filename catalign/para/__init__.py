"""Para: parametric maps, their 2-cells, endofunctors with strength, and (co)algebras as cells."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
