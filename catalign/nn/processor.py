"""What every processor is: a learned layer with a polynomial diagram as its type."""

import abc
from typing import ClassVar, TypeVar

from flax import nnx
from jax import Array
from jaxtyping import Float

from catalign._errors import SortError
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.polynomial.diagram import PolynomialDiagram

G = TypeVar("G", DenseGraph, SparseGraph)


class AbstractProcessor(nnx.Module):
    """One step of learned message passing on latent fields.

    A subclass is final. It declares the diagram that it computes and is built as
    `Processor(width, rngs=rngs)`.

    Law: relabelling the nodes before the step or after it gives the same fields (equivariance under
    isomorphisms of the diagram, core paper 1, section 5), because messages are combined by a
    commutative monoid.

    Source: Dudzik & Velickovic 2022, arXiv 2203.15544, sections 3 and 4.
    """

    diagram: ClassVar[PolynomialDiagram]

    @abc.abstractmethod
    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        """Makes the parameters for node fields of `node_width`, and others of `width`."""

    def expect(self, structure: DenseGraph | SparseGraph, kind: type[G]) -> G:
        """The graph, if it is of the kind that interprets this processor's sorts.

        Raises:
          SortError: It is of the other kind.
        """
        if not isinstance(structure, kind):
            raise SortError(
                f"{type(self).__name__} has the type {self.diagram}, which a {kind.__name__} "
                f"interprets, but `structure` is a {type(structure).__name__}."
            )
        return structure

    @abc.abstractmethod
    def __call__(
        self,
        node: Float[Array, "n v"],
        edge: Float[Array, "*m w"],
        graph: Float[Array, " w"],
        structure: DenseGraph | SparseGraph,
    ) -> Float[Array, "n w"]:
        """Computes the new node field.

        Args:
          node: The field on `V`, of the width that the processor was built for on its inputs.
          edge: The field on the sort of edges that the diagram reads: `[n n w]` on `V*V`, `[e w]`
            on `E`.
          graph: The field on `ONE`.
          structure: The graph that interprets the sorts; a `DenseGraph` for `V*V`, a `SparseGraph`
            for `E`.
        """
