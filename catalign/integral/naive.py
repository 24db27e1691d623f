"""The definition of the integral transform, followed to the letter: slow, and judge of the rest.

It loops over outputs, messages and arguments in Python and uses nothing of a semiring but its two
operations and units.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign.algebra.semiring import Semiring
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.finite_diagram import FiniteDiagram
from catalign.polynomial.interpretation import FiniteGraph, Pointers, interpret, offsets


def naive_transform(diagram: FiniteDiagram, semiring: Semiring, f: Sequence[Any]) -> list[Any]:
    """Evaluates a diagram of finite sets.

    Maths: `T_D(f)(z) = sum over y with o(y) = z of the product over x with p(x) = y of f(i(x))`

    Args:
      diagram: The diagram.
      semiring: How values multiply and add.
      f: The value at each element of W.

    Returns:
      The value at each element of Z.

    Example:
      >>> from catalign.algebra.instances import plus_times
      >>> diagram = FiniteDiagram.from_polynomials([((0, 1), (1,))], 2)
      >>> [int(value) for value in naive_transform(diagram, plus_times, [3, 5])]
      [20]
    """
    like = f[0] if len(f) else semiring.zero
    zero, one = semiring.add.full((), like), semiring.multiply.full((), like)
    outputs = []
    for z in range(diagram.Z):
        total = zero
        for y in range(diagram.Y):
            if diagram.o(y) != z:
                continue
            product = one
            for x in diagram.p.fibres[y]:
                product = semiring.multiply.op(product, f[diagram.i(int(x))])
            total = semiring.add.op(total, product)
        outputs.append(total)
    return outputs


def naive_integral_transform(
    diagram: PolynomialDiagram,
    semiring: Semiring,
    fields: Mapping[str, Any],
    graph: FiniteGraph,
    *,
    pointers: Pointers | None = None,
) -> Any:
    """Evaluates a symbolic diagram on a graph of the host.

    Args:
      diagram: The diagram.
      semiring: How values multiply and add.
      fields: One field for each input; a field on E has one value for each listed edge.
      graph: The graph.
      pointers: The maps from nodes to nodes that the diagram follows, by name.

    Returns:
      The output field as a NumPy array; a dict of them by name if the diagram has several outputs.
    """
    finite = interpret(diagram, graph, pointers)
    values = []
    for port in diagram.inputs:
        flat = jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1), fields[port.name])
        values += [
            jax.tree.map(lambda leaf, k=k: jnp.asarray(leaf[k]), flat)
            for k in range(graph.size(port.sort))
        ]
    results = naive_transform(finite, semiring, values)
    like = next(iter(fields.values()), semiring.zero)
    out = {}
    for port in diagram.outputs:
        start = offsets(diagram.outputs, graph)[port.name]
        part = results[start : start + graph.size(port.sort)]
        shape = graph.shape(port.sort)
        out[port.name] = jax.tree.map(
            lambda leaf, *cells, shape=shape: np.asarray(
                [np.asarray(cell) for cell in cells], np.asarray(leaf).dtype
            ).reshape(shape),
            like,
            *part,
        )
    return next(iter(out.values())) if len(out) == 1 else out
