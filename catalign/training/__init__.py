"""Training and evaluation: loss, metrics, one jitted step, checkpoints and the loop around them."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
