"""Grid cells: the local rule of a table over two words, learned, and run along its diagonals."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
