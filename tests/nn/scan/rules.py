"""What some algorithms do with one letter, in Python: the oracles of the scan tests."""

from collections.abc import Callable


def add(base: int) -> Callable:
    return lambda c, a: divmod(a[0] + a[1] + c, base)


def add_balanced(base: int) -> Callable:
    """Digits -low to base - 1 - low, each written with `low` added to it."""
    low = (base - 1) // 2

    def rule(c: int, a: tuple[int, ...]) -> tuple[int, int]:
        total = a[0] + a[1] - 2 * low + c
        return (total + low) // base, (total + low) % base

    return rule


def subtract(base: int) -> Callable:
    def rule(c: int, a: tuple[int, ...]) -> tuple[int, int]:
        total = a[0] - a[1] - c
        return int(total < 0), total % base

    return rule


def times(base: int, factor: int) -> Callable:
    return lambda c, a: divmod(factor * a[0] + c, base)


def divide(base: int, divisor: int) -> Callable:
    return lambda r, a: divmod(base * r + a[0], divisor)[::-1]


def modulo(base: int, divisor: int) -> Callable:
    return lambda r, a: ((base * r + a[0]) % divisor,) * 2


def order(verdict: int, a: tuple[int, ...]) -> tuple[int, int]:
    """0: less, 1: greater, 2: equal so far; the output is the verdict."""
    now = verdict if verdict != 2 else 2 if a[0] == a[1] else int(a[0] > a[1])
    return now, now
