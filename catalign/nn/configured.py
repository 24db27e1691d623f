"""A processor with some of its options set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flax import nnx

from catalign._errors import InputError
from catalign.nn.processor import AbstractProcessor
from catalign.polynomial.diagram import PolynomialDiagram


@dataclass(frozen=True)
class Configured:
    """A processor's class and its options, built as the class is.

    Args:
      processor: The class, derived from `AbstractProcessor`.
      options: Its keyword options.

    Raises:
      InputError: `processor` is no such class, or declares no diagram.

    Example:
      >>> from catalign.nn.processors.triplet import TripletMPNN
      >>> narrow = Configured(TripletMPNN, {"triplets": 4})
      >>> narrow(16, 8, rngs=nnx.Rngs(0)).out.in_features
      4
    """

    processor: type[AbstractProcessor]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (isinstance(self.processor, type) and issubclass(self.processor, AbstractProcessor)):
            raise InputError(
                f"`processor` is {self.processor!r}, but it must be a class derived from "
                "AbstractProcessor."
            )
        diagram = getattr(self.processor, "diagram", None)
        if not isinstance(diagram, PolynomialDiagram):
            name = self.processor.__name__
            found = "is missing" if diagram is None else f"is {diagram!r}"
            raise InputError(
                f"`{name}.diagram` {found}, but it must be a PolynomialDiagram, the type of the "
                f"processor. Declare it in the class body of {name}, for example\n"
                "  diagram = catalign.polynomial.library.message_passing_dense\n"
                "for messages between all pairs of nodes."
            )

    def __call__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> AbstractProcessor:
        """Builds the processor."""
        return self.processor(node_width, width, rngs=rngs, **self.options)
