"""The laws of monoids and semirings as predicates, and checks that print the counterexample.

Each predicate tries every combination of the sample values (a vector, or a pytree of vectors of one
length), so a few well-chosen samples go a long way: include the units, a repeat, and both
infinities where they are allowed. A predicate that answers True has been *checked* on these values,
not proved.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import AxiomError
from catalign.algebra.monoid import CommutativeMonoid, Monoid, Operation
from catalign.algebra.semiring import Semiring

Samples = Any
Law = tuple[str, Callable[..., Any], Callable[..., Any], int]


def is_associative(op: Operation, samples: Samples, *, tolerance: float = 0.0) -> bool:
    """Whether `(a . b) . c = a . (b . c)` on the samples."""
    return _counterexample(_associativity(op), samples, tolerance) is None


def is_commutative(op: Operation, samples: Samples, *, tolerance: float = 0.0) -> bool:
    """Whether `a . b = b . a` on the samples."""
    return _counterexample(_commutativity(op), samples, tolerance) is None


def is_unit(op: Operation, unit: Any, samples: Samples, *, tolerance: float = 0.0) -> bool:
    """Whether `unit . a = a = a . unit` on the samples."""
    return all(_counterexample(law, samples, tolerance) is None for law in _unit_laws(op, unit))


def is_idempotent(op: Operation, samples: Samples, *, tolerance: float = 0.0) -> bool:
    """Whether `a . a = a` on the samples."""
    return _counterexample(_idempotence(op), samples, tolerance) is None


def is_selective(op: Operation, samples: Samples) -> bool:
    """Whether `a . b` is `a` or `b` on the samples."""
    a, b = _combinations(samples, 2)
    total = op(a, b)
    return bool(np.all(_close(total, a, 0.0) | _close(total, b, 0.0)))


def distributes(
    multiply: Operation, add: Operation, samples: Samples, *, tolerance: float = 0.0
) -> bool:
    """Whether `a(b + c) = ab + ac` and `(a + b)c = ac + bc` on the samples."""
    return all(
        _counterexample(law, samples, tolerance) is None for law in _distributivity(multiply, add)
    )


def annihilates(multiply: Operation, zero: Any, samples: Samples) -> bool:
    """Whether `zero . a = zero = a . zero`, exactly, on the samples."""
    return all(_counterexample(law, samples, 0.0) is None for law in _annihilation(multiply, zero))


def is_homomorphism(
    function: Callable[[Any], Any],
    source: Monoid | Semiring,
    target: Monoid | Semiring,
    *,
    samples: Samples,
    tolerance: float = 0.0,
) -> bool:
    """Whether a function preserves operations and units, on the samples.

    Args:
      function: Elementwise, from values of `source` to values of `target`.
      source: Where the samples live.
      target: An algebra of the same kind as `source`.
      samples: Values of `source`.
      tolerance: The largest allowed difference.

    Example:
      >>> from catalign.algebra.instances import lor_land, plus_times
      >>> is_homomorphism(lambda n: n > 0, plus_times, lor_land, samples=jnp.arange(4))
      True
    """
    return all(
        _counterexample(law, samples, tolerance) is None
        for law in _homomorphy(function, source, target)
    )


def check_monoid(monoid: Monoid, samples: Samples, *, tolerance: float = 0.0) -> None:
    """Raises unless the laws that a monoid claims hold on the samples.

    A `CommutativeMonoid` is also checked for commutativity, and for idempotence and selectivity
    where it claims them.

    Raises:
      AxiomError: A law fails; the message shows the values and both sides.
    """
    laws = [_associativity(monoid.op), *_unit_laws(monoid.op, monoid.unit)]
    if isinstance(monoid, CommutativeMonoid):
        laws.append(_commutativity(monoid.op))
        if monoid.is_idempotent:
            laws.append(_idempotence(monoid.op))
        if monoid.is_selective and not is_selective(monoid.op, samples):
            raise AxiomError(
                f"monoid {monoid.name} claims to be selective, but some sum is neither of its "
                "terms. Set `is_selective=False`."
            )
    _check(f"monoid {monoid.name}", laws, samples, tolerance)


def check_semiring(semiring: Semiring, samples: Samples, *, tolerance: float = 0.0) -> None:
    """Raises unless all semiring laws hold on the samples.

    Raises:
      AxiomError: A law fails; the message shows the values and both sides.

    Example:
      >>> from catalign.algebra.instances import min_plus, plus_times
      >>> check_semiring(min_plus, jnp.array([jnp.inf, 0.0, 1.0, -2.0, -jnp.inf]))
      >>> broken = Semiring("broken", plus_times.add, min_plus.multiply)
      >>> check_semiring(broken, jnp.array([0.0, 1.0]))  # doctest: +ELLIPSIS
      Traceback (most recent call last):
      ...
      catalign._errors.AxiomError: semiring broken breaks `0a = 0` at a=1.0: ...
    """
    check_monoid(semiring.add, samples, tolerance=tolerance)
    check_monoid(semiring.multiply, samples, tolerance=tolerance)
    laws = [
        *_annihilation(semiring.multiply.op, semiring.zero),
        *_distributivity(semiring.multiply.op, semiring.add.op),
    ]
    _check(f"semiring {semiring.name}", laws, samples, tolerance)


def check_homomorphism(
    function: Callable[[Any], Any],
    source: Monoid | Semiring,
    target: Monoid | Semiring,
    *,
    samples: Samples,
    tolerance: float = 0.0,
) -> None:
    """Raises unless `is_homomorphism`, with the counterexample.

    Raises:
      AxiomError: An operation or a unit is not preserved.
    """
    label = f"the function from {source.name} to {target.name}"
    _check(label, _homomorphy(function, source, target), samples, tolerance)


def _associativity(op: Operation) -> Law:
    return "(a.b).c = a.(b.c)", lambda a, b, c: op(op(a, b), c), lambda a, b, c: op(a, op(b, c)), 3


def _commutativity(op: Operation) -> Law:
    return "a.b = b.a", op, lambda a, b: op(b, a), 2


def _idempotence(op: Operation) -> Law:
    return "a.a = a", lambda a: op(a, a), lambda a: a, 1


def _unit_laws(op: Operation, unit: Any) -> list[Law]:
    return [
        ("1.a = a", lambda a: op(_constant(unit, a), a), lambda a: a, 1),
        ("a.1 = a", lambda a: op(a, _constant(unit, a)), lambda a: a, 1),
    ]


def _annihilation(multiply: Operation, zero: Any) -> list[Law]:
    return [
        ("0a = 0", lambda a: multiply(_constant(zero, a), a), lambda a: _constant(zero, a), 1),
        ("a0 = 0", lambda a: multiply(a, _constant(zero, a)), lambda a: _constant(zero, a), 1),
    ]


def _distributivity(multiply: Operation, add: Operation) -> list[Law]:
    return [
        (
            "a(b + c) = ab + ac",
            lambda a, b, c: multiply(a, add(b, c)),
            lambda a, b, c: add(multiply(a, b), multiply(a, c)),
            3,
        ),
        (
            "(a + b)c = ac + bc",
            lambda a, b, c: multiply(add(a, b), c),
            lambda a, b, c: add(multiply(a, c), multiply(b, c)),
            3,
        ),
    ]


def _homomorphy(
    h: Callable[[Any], Any], source: Monoid | Semiring, target: Monoid | Semiring
) -> list[Law]:
    if isinstance(source, Semiring) and isinstance(target, Semiring):
        return [
            *_homomorphy(h, source.add, target.add),
            *_homomorphy(h, source.multiply, target.multiply),
        ]
    if isinstance(source, Semiring) or isinstance(target, Semiring):
        raise AxiomError(
            f"`source` is the {type(source).__name__} {source.name} but `target` is the "
            f"{type(target).__name__} {target.name}. Compare two semirings or two monoids."
        )
    label = f"with . = {source.name} and {target.name}"
    return [
        (
            f"h(a.b) = h(a).h(b) {label}",
            lambda a, b: h(source.op(a, b)),
            lambda a, b: target.op(h(a), h(b)),
            2,
        ),
        (
            f"h(1) = 1 {label}",
            lambda a: h(_constant(source.unit, a)),
            lambda a: _constant(target.unit, h(a)),
            1,
        ),
    ]


def _constant(unit: Any, like: Any) -> Any:
    return jax.tree.map(lambda u, x: jnp.full(x.shape, u, x.dtype), unit, like)


def _combinations(samples: Samples, arity: int) -> tuple[Any, ...]:
    samples = jax.tree.map(jnp.asarray, samples)
    count = jax.tree.leaves(samples)[0].shape[0]
    # All triples, whatever the arity: with one shape, each operation is compiled once.
    picks = np.indices((count,) * 3).reshape(3, -1)[:arity]
    return tuple(jax.tree.map(lambda leaf, pick=pick: leaf[pick], samples) for pick in picks)


def _close(left: Any, right: Any, tolerance: float) -> np.ndarray:
    def same(a: Any, b: Any) -> np.ndarray:
        a, b = np.asarray(a), np.asarray(b)
        equal = a == b
        if tolerance == 0.0 or not np.issubdtype(a.dtype, np.floating):
            return equal
        finite = np.isfinite(a) & np.isfinite(b)
        return equal | (np.abs(np.where(finite, a, 0) - np.where(finite, b, np.inf)) <= tolerance)

    return np.all(jax.tree.leaves(jax.tree.map(same, left, right)), axis=0)


def _counterexample(
    law: Law, samples: Samples, tolerance: float
) -> tuple[list[Any], Any, Any] | None:
    _, left, right, arity = law
    values = _combinations(samples, arity)
    lhs, rhs = left(*values), right(*values)
    wrong = np.flatnonzero(~_close(lhs, rhs, tolerance))
    if wrong.size == 0:
        return None
    at = int(wrong[0])
    shown = [jax.tree.map(lambda x: np.asarray(x)[at].item(), v) for v in (*values, lhs, rhs)]
    return shown[:arity], shown[-2], shown[-1]


def _check(label: str, laws: list[Law], samples: Samples, tolerance: float) -> None:
    for law in laws:
        found = _counterexample(law, samples, tolerance)
        if found is not None:
            values, lhs, rhs = found
            at = ", ".join(f"{name}={value}" for name, value in zip("abc", values, strict=False))
            raise AxiomError(
                f"{label} breaks `{law[0]}` at {at}: "
                f"the left side is {lhs}, the right side is {rhs}."
            )
