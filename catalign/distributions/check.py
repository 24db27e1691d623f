"""Checks of the parameters of laws."""

from catalign._errors import InputError


def check_probability(name: str, p: float | tuple[float, ...]) -> None:
    """Raises unless `p` is a probability, or a tuple of some.

    Raises:
      InputError: It is not.
    """
    values = p if isinstance(p, tuple) else (p,)
    if not values or not all(0.0 <= x <= 1.0 for x in values):
        raise InputError(f"`{name}` is {p}: give a probability in [0, 1], or a tuple of some.")


def check_interval(low: float, high: float) -> None:
    """Raises unless `low` is below `high`.

    Raises:
      InputError: It is not.
    """
    if not low < high:
        raise InputError(f"`low` is {low} and `high` is {high}: `low` must be below `high`.")
