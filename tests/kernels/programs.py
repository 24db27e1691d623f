"""What a compiled program would hold."""

import math


def largest(jaxpr):
    """The most elements of any array in a program and the programs inside it."""
    sizes = [math.prod(v.aval.shape) for eqn in jaxpr.eqns for v in eqn.outvars]
    params = [p for eqn in jaxpr.eqns for p in eqn.params.values()]
    params += [q for p in params if isinstance(p, tuple | list) for q in p]
    inner = [getattr(p, "jaxpr", p) for p in params]
    return max([*sizes, *(largest(p) for p in inner if hasattr(p, "eqns"))], default=0)
