"""Both ways between polynomial diagrams and the string diagrams of discopy, and into Para.

Finite polynomial diagrams are the theory of commutative semirings, so each is a string diagram of
copies, products and sums: `to_discopy` draws it so, `from_discopy` computes the diagram back.
`interpret_discopy` runs any string diagram of copies and named boxes as a parametric map, in which
boxes of one name share their parameters: weight tying is a name that occurs twice.
"""

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from catalign._errors import InputError, UnsupportedError
from catalign._typing import PyTree
from catalign.para.parametric import ParametricMap
from catalign.polynomial.finite_diagram import FiniteDiagram, Monomial

PRODUCT, SUM = "x", "+"
"""The names of the boxes with any number of inputs and one output."""


def to_discopy(diagram: FiniteDiagram, *, wire: str = "R") -> Any:
    """The string diagram of a polynomial diagram, a `discopy.markov.Diagram`.

    Maths: W wires, each copied once for each argument that reads it; a product for each message
    with other than one argument; a sum for each output with other than one message; Z wires.

    Args:
      diagram: W <- X -> Y -> Z.
      wire: The name of the wires.

    Raises:
      UnsupportedError: discopy is not installed.

    Source: Gambino & Kock 2013, section 1 (after Tambara 1993).
    """
    markov = _markov()
    ty = markov.Ty(wire)
    result = markov.Id(ty**diagram.W)
    # Each layer: split or merge the wires of each element, then permute to the next grouping.
    for fibres, box in (
        (diagram.i.fibres, None),
        (diagram.p.fibres, PRODUCT),
        (diagram.o.fibres, SUM),
    ):
        sizes = [len(fibre) for fibre in fibres]
        if box is None:
            boxes = [markov.Id(ty) if n == 1 else markov.Copy(ty, n) for n in sizes]
            order = [int(x) for fibre in fibres for x in fibre]
        else:
            wanted = [int(x) for fibre in fibres for x in fibre]
            result = result >> markov.Diagram.permutation(
                [order.index(x) for x in wanted], ty ** len(wanted)
            )
            boxes = [markov.Id(ty) if n == 1 else markov.Box(box, ty**n, ty) for n in sizes]
            order = list(range(len(sizes)))
        layer = markov.Id(markov.Ty())
        for one in boxes:
            layer = layer @ one
        result = result >> layer
    return result


def from_discopy(diagram: Any) -> FiniteDiagram:
    """The polynomial diagram of a string diagram of copies, swaps, products and sums.

    Maths: a wire holds a polynomial in the inputs; products multiply them out, sums add them.

    Args:
      diagram: A `discopy.markov.Diagram` with boxes named `x` and `+` only.

    Returns:
      A diagram isomorphic to that of `to_discopy`, if the string diagram came from there.

    Raises:
      InputError: A box is something else.
    """

    def product(factors: tuple[tuple[Monomial, ...], ...]) -> tuple[Monomial, ...]:
        result: tuple[Monomial, ...] = ((),)
        for factor in factors:
            result = tuple(left + right for left in result for right in factor)
        return result

    def run(box: Any, wires: tuple[Any, ...]) -> tuple[Any, ...]:
        if box.name == PRODUCT:
            return (product(wires),)
        if box.name == SUM:
            return (tuple(monomial for wire in wires for monomial in wire),)
        raise InputError(
            f"the box {box.name!r} is no copy, swap, product {PRODUCT!r} or sum {SUM!r}. To run "
            "boxes of your own, use `interpret_discopy`."
        )

    n_input = len(diagram.dom)
    wires = _run(diagram, tuple(((w,),) for w in range(n_input)), run)
    return FiniteDiagram.from_polynomials(wires, n_input)


def interpret_discopy(diagram: Any, boxes: Mapping[str, ParametricMap]) -> ParametricMap:
    """The parametric map that a string diagram of named boxes describes.

    Maths: the functor to Para that sends each box to its map, reparametrised along the copies of
    the parameters of boxes with one name.

    Args:
      diagram: A `discopy.markov.Diagram`; wires hold pytrees.
      boxes: A map for each name. It takes the value of its wire, or a tuple of them where there are
        several, and returns likewise.

    Returns:
      A map whose parameters are a dictionary with an entry for each name that occurs, and whose
      input and output are tuples with a value for each wire.

    Raises:
      InputError: A box has no map, or the input has another number of values than wires.
    """
    names = {box.name for box in diagram.boxes if not _is_structural(box)}
    missing = sorted(names - set(boxes))
    if missing:
        raise InputError(f"`boxes` has no map for {missing}. Give one for each of {sorted(names)}.")

    def apply(params: PyTree, x: PyTree) -> PyTree:
        def run(box: Any, wires: tuple[PyTree, ...]) -> tuple[PyTree, ...]:
            result = boxes[box.name](params[box.name], wires[0] if len(wires) == 1 else wires)
            return (result,) if len(box.cod) == 1 else tuple(result)

        if len(x) != len(diagram.dom):
            raise InputError(
                f"the input has {len(x)} values but the diagram has {len(diagram.dom)} wires in."
            )
        return _run(diagram, tuple(x), run)

    return ParametricMap(apply, "discopy")


def _run(diagram: Any, wires: tuple[Any, ...], run: Any) -> tuple[Any, ...]:
    """Pushes values through the boxes from top to bottom."""
    markov = _markov()
    for box, offset in zip(diagram.boxes, diagram.offsets, strict=True):
        taken = wires[offset : offset + len(box.dom)]
        if isinstance(box, markov.Swap):
            given = taken[::-1]
        elif isinstance(box, markov.Copy):
            given = taken * len(box.cod)
        else:
            given = run(box, taken)
        wires = (*wires[:offset], *given, *wires[offset + len(box.dom) :])
    return wires


def _is_structural(box: Any) -> bool:
    markov = _markov()
    return isinstance(box, markov.Swap | markov.Copy)


def _markov() -> ModuleType:
    try:
        return importlib.import_module("discopy.markov")
    except ImportError as error:
        raise UnsupportedError(
            "discopy is not installed. Install it: pip install 'catalign[discopy]'."
        ) from error
