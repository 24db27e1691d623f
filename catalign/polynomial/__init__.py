"""Syntax: sorts, finite sets, and polynomial diagrams W <-i- X -p-> Y -o-> Z.

In the order in which to read:

| module | holds |
|---|---|
| `sort` | what a field has one value for: V, E, ONE, their products and sums |
| `leg` | the structural maps between sorts, among them i and o |
| `message` | roles, messages, and where they go |
| `validation` | what makes these a diagram: i and o are functions |
| `diagram` | `PolynomialDiagram`, and `Path` for composites |
| `library` | the diagrams in use, by name |
| `canonical`, `equivariance`, `cost` | what a diagram alone tells |
| `finite`, `finite_diagram` | finite sets, functions and diagrams of these; composition |
| `interpretation` | what a diagram means on a graph |
| `morphism` | maps of diagrams and of graphs; base change |
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
