"""The errors that catalign raises on purpose.

Every message names the argument, shows both sides and says the fix.
"""


class CatalignError(Exception):
    """Base of all errors that catalign raises on purpose."""


class InputError(CatalignError, ValueError):
    """An argument or a data file holds a value that is not allowed."""


class ShapeMismatchError(InputError):
    """Two arrays, or an array and a type, disagree about a shape or a dtype."""


class AxiomError(CatalignError, ValueError):
    """A law that a construction needs does not hold: a leg, a composite, a unit."""


class SortError(CatalignError, TypeError):
    """A typed layer cannot express what a task asks of it."""


class UnsupportedError(CatalignError, RuntimeError):
    """A feature that exists cannot run here; the message gives the reason."""


class CompositeSizeError(CatalignError, ValueError):
    """A composite of diagrams would be larger than its limit.

    Args:
      message: What went wrong and the fix.
      n_message: The number of messages that the composite would have.
      n_argument: The number of arguments that it would have.
      limit: The most that was allowed of either.
    """

    def __init__(self, message: str, *, n_message: int, n_argument: int, limit: int) -> None:
        super().__init__(message)
        self.n_message = n_message
        self.n_argument = n_argument
        self.limit = limit


class SoftEvaluationError(UnsupportedError):
    """A soft model was asked for sizes beyond its training, where small errors add up.

    Harden it first: a hardened model has no errors that grow with the size.
    """
