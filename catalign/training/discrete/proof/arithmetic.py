"""Operations on the scalars of the decision procedure."""

from collections.abc import Iterator

from catalign.nn.discrete.scalar import Binary, Of, Scalar
from catalign.training.discrete.proof.literal import compare
from catalign.training.discrete.proof.reading import NotExpressibleError, Number
from catalign.training.discrete.proof.search import Problem


def combine(problem: Problem, operation: str, a: Number, b: Number) -> Number:
    """The sum, difference, minimum or maximum of two scalars.

    Raises:
      NotExpressibleError: The operation is another one.
    """
    defined = tuple(dict.fromkeys((*a.defined, *b.defined)))
    match operation:
        case "+":
            return Number(a.total.plus(b.total), defined)
        case "-":
            return Number(a.total.plus(b.total, -1), defined)
        case "min" | "max":
            total, fresh = problem.scalar((operation, a.total, b.total), ())
            if fresh:
                sign = 1 if operation == "min" else -1
                at = total.times(sign)
                x, y = a.total.times(sign), b.total.times(sign)
                problem.add(compare(at, x, strict=False))
                problem.add(compare(at, y, strict=False))
                problem.add(compare(x, at, strict=False), compare(y, at, strict=False))
            return Number(total, defined)
        case _:
            raise NotExpressibleError(f"the operation `{operation}` is not linear.")


def factors(term: Scalar) -> Iterator[Of]:
    """The factors of a product of node scalars.

    Raises:
      NotExpressibleError: Another scalar is a factor.
    """
    match term:
        case Binary("*", a, b):
            yield from factors(a)
            yield from factors(b)
        case Of():
            yield term
        case _:
            raise NotExpressibleError(f"`{term}` is a factor, but no scalar of a node.")
