"""What a compiled program would hold, and one program for functions and their gradients."""

import math
from typing import Any, NamedTuple

import jax
from jax.test_util import check_vjp


def equations(jaxpr):
    """The equations of a program and of the programs inside it."""
    for eqn in jaxpr.eqns:
        yield eqn
        for p in eqn.params.values():
            for q in p if isinstance(p, tuple | list) else [p]:
                inner = getattr(q, "jaxpr", q)
                if hasattr(inner, "eqns"):
                    yield from equations(inner)


def largest(jaxpr):
    """The most elements of any array in a program and the programs inside it."""
    sizes = (math.prod(v.aval.shape) for eqn in equations(jaxpr) for v in eqn.outvars)
    return max(sizes, default=0)


class Pulled(NamedTuple):
    """A value, the same as the gradient's forward pass makes it, and the gradients."""

    value: Any
    forward: Any
    slopes: tuple


def slopes(functions):
    """One program: of each function, by name, what a cotangent gives back."""

    @jax.jit
    def program(arguments, cotangent):
        return {name: jax.vjp(f, *arguments)[1](cotangent) for name, f in functions.items()}

    return program


def pulling(functions):
    """As `slopes`, with the values too."""

    @jax.jit
    def program(arguments, cotangent):
        found = {}
        for name, f in functions.items():
            forward, pull = jax.vjp(f, *arguments)
            found[name] = Pulled(f(*arguments), forward, pull(cotangent))
        return found

    return program


def check_pull(program, name, arguments, cotangent, **tolerances):
    """As `check_grads` in reverse, of one function of a program made by `pulling`."""

    def value(*x):
        return program(x, cotangent)[name].value

    def vjp(*x):
        return program(x, cotangent)[name].forward, lambda g: program(x, g)[name].slopes

    check_vjp(value, vjp, arguments, **tolerances)
