"""A processor with some of its options set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flax import nnx

from catalign._errors import InputError
from catalign.nn.processor import AbstractProcessor


@dataclass(frozen=True)
class Configured:
    """A processor's class and its options, built as the class is.

    Args:
      processor: The class, derived from `AbstractProcessor`.
      options: Its keyword options.

    Raises:
      InputError: `processor` is no such class.

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

    def __call__(self, node_width: int, width: int, *, rngs: nnx.Rngs) -> AbstractProcessor:
        """Builds the processor."""
        return self.processor(node_width, width, rngs=rngs, **self.options)
