"""What every processor is: a learned layer with a polynomial diagram as its type."""

import abc
import enum
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import jax
from flax import nnx
from jax import Array
from jaxtyping import Float, Int

from catalign._errors import SortError
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.polynomial.diagram import PolynomialDiagram


class Pairs(enum.Enum):
    """Which node pairs the mask of a dense graph holds when a reasoner calls its processor."""

    ALL = "all"
    """Every ordered pair, self loops included."""
    RELATED = "related"
    """Pairs that an edge mask or a pointer among the inputs and the hints relates, either way
    round, and self loops. Predicted hints count as their most likely values."""


class Fibre(enum.Enum):
    """What the messages that arrive at one output form, and so what may combine them."""

    MULTISET = "multiset"
    """Without an order: an algebra of free commutative monoids: max, a sum, a softmax."""
    LIST = "list"
    """In the order of the nodes: an algebra of free monoids, that is, of lists: an LSTM."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class PointerGraph:
    """Maps from nodes to nodes, that interpret the pointer legs of a diagram.

    Attributes:
      pointers: Where each map takes each node, int32 `[k, n]`.
      n_node: The number of nodes, static.
    """

    pointers: Int[Array, "k n"]
    n_node: int = field(metadata={"static": True})


Structure = DenseGraph | SparseGraph | PointerGraph
G = TypeVar("G", DenseGraph, SparseGraph, PointerGraph)
Fields = Float[Array, "n w"] | tuple[Float[Array, "n w"], Float[Array, "n n w"]]
"""One field for each output of a processor's diagram: on `V`, or on `V` and `V*V`."""


class AbstractProcessor(nnx.Module):
    """One step of learned message passing on latent fields.

    A subclass is final. It declares the diagram that it computes and is built as
    `Processor(node_width, width, rngs=rngs)`.

    Law: where `fibre` is `MULTISET`, relabelling the nodes before the step or after it gives the
    same fields (equivariance under isomorphisms of the diagram, core paper 1, section 5), because
    messages are combined by a commutative monoid. Where it is `LIST`, the order of nodes counts.

    Attributes:
      diagram: Its type.
      pairs: Which node pairs send, where the diagram has messages on them.
      fibre: What the messages at one output form.
      reads_pair_field: Whether its field on `V*V` may also come as a `PairField`, to be read by
        `catalign.nn.pair.through`, which saves a large product of matrices.

    Source: Dudzik & Velickovic 2022, arXiv 2203.15544, sections 3 and 4.
    """

    diagram: ClassVar[PolynomialDiagram]
    pairs: ClassVar[Pairs] = Pairs.ALL
    fibre: ClassVar[Fibre] = Fibre.MULTISET
    reads_pair_field: ClassVar[bool] = False

    @abc.abstractmethod
    def __init__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> None:
        """Makes the parameters for node fields of `node_width`, and others of `width`."""

    @classmethod
    def type_text(cls) -> str:
        """The type in one line: the diagram, and what its messages form if that has an order.

        Example:
          >>> from catalign.nn.processors.recurrent import RecurrentAggregator
          >>> print(RecurrentAggregator.type_text())
          message_passing_dense: V + V*V + ONE <- 4 V*V -> V*V -> V, fibres as lists
        """
        return str(cls.diagram) + (", fibres as lists" if cls.fibre is Fibre.LIST else "")

    def expect(self, structure: Structure, kind: type[G]) -> G:
        """The graph, if it is of the kind that interprets this processor's sorts.

        Raises:
          SortError: It is of another kind.
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
        structure: Structure,
    ) -> Fields:
        """Computes the new node field, and the new field on `V*V` if the diagram writes one.

        Args:
          node: The field on `V`, of the width that the processor was built for on its inputs. Its
            last `width` channels are the hidden state of the step before.
          edge: The field on the sort of edges that the diagram reads: `[n n w]` on `V*V`, `[e w]`
            on `E`.
          graph: The field on `ONE`.
          structure: The graph that interprets the sorts: a `DenseGraph` for `V*V`, a `SparseGraph`
            for `E`, a `PointerGraph` for pointer legs.
        """
