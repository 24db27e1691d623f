"""Node pairs that combine, over a third node, what all triples say: `V*V*V -> V*V`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
