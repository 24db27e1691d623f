"""The three steps of the integral transform on finite sets.

The maps are host values, so these functions are jittable in the values alone.
`transform.integral_transform` computes the same on a graph without building the sets.

Axioms:
  >>> from catalign.algebra.instances import plus_times
  >>> i, p, o = FinFunction([0, 1, 1], 2), FinFunction([0, 0, 1], 2), FinFunction([0, 0], 1)
  >>> f = jnp.array([3, 5])
  >>> products = argument_pushforward(p, pullback(i, f), plus_times.multiply)
  >>> message_pushforward(o, products, plus_times.add).tolist()
  [20]
"""

import jax
import jax.numpy as jnp
import numpy as np

from catalign._errors import ShapeMismatchError
from catalign.algebra.monoid import CommutativeMonoid, Monoid, Values
from catalign.algebra.semiring import Semiring
from catalign.polynomial.finite import FinFunction
from catalign.polynomial.finite_diagram import FiniteDiagram


def pullback(i: FinFunction, f: Values) -> Values:
    """Reads a field along a map.

    Maths: `(i^* f)(x) = f(i(x))`

    Args:
      i: A map X -> W.
      f: One value, or row of values, for each element of W.

    Raises:
      ShapeMismatchError: `f` has another length than W.

    Example:
      >>> pullback(FinFunction([1, 1, 0], cod=2), jnp.array([5.0, 7.0])).tolist()
      [7.0, 7.0, 5.0]

    Source: Dudzik & Velickovic 2022, section 3.
    """
    _check_length("f", f, size=i.cod, what="W, the codomain of `i`,")
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[i.values], f)


def argument_pushforward(p: FinFunction, g: Values, monoid: Monoid) -> Values:
    """Multiplies the arguments of each message, in order.

    Maths: `(p_x g)(y) = product of g(x) over x with p(x) = y`, in the order of X; the unit on an
    empty fibre.

    Args:
      p: To which message each argument belongs, a map X -> Y.
      g: One value for each element of X.
      monoid: How arguments combine. It need not be commutative, because a fibre here has an order.

    Raises:
      ShapeMismatchError: `g` has another length than X.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> p = FinFunction([0, 0, 2], cod=3)
      >>> argument_pushforward(p, jnp.array([5.0, 3.0, 7.0]), min_plus.multiply).tolist()
      [8.0, 0.0, 7.0]

    Source: Dudzik & Velickovic 2022, section 3.
    """
    _check_length("g", g, size=p.dom, what="X, the domain of `p`,")
    longest = int(p.fibre_sizes.max(initial=0))
    places = np.full((p.cod, longest), p.dom)
    for y, fibre in enumerate(p.fibres):
        places[y, : len(fibre)] = fibre
    g = jax.tree.map(jnp.asarray, g)
    unit = jax.tree.map(
        lambda u, leaf: jnp.full((1, *leaf.shape[1:]), u, leaf.dtype), monoid.unit, g
    )
    padded = jax.tree.map(lambda leaf, u: jnp.concatenate([leaf, u]), g, unit)
    return monoid.fold(jax.tree.map(lambda leaf: leaf[places], padded), axis=1)


def message_pushforward(o: FinFunction, messages: Values, monoid: CommutativeMonoid) -> Values:
    """Combines the messages that arrive at each output.

    Maths: `(o_+ m)(z) = sum of m(y) over y with o(y) = z`; the unit on an empty fibre.

    Args:
      o: Where each message lands, a map Y -> Z.
      messages: One value for each element of Y.
      monoid: How messages combine. Commutative, because a fibre here has no order.

    Raises:
      ShapeMismatchError: `messages` has another length than Y.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> o = FinFunction([0, 0, 2], cod=3)
      >>> message_pushforward(o, jnp.array([5.0, 3.0, 7.0]), min_plus.add).tolist()
      [3.0, inf, 7.0]

    Source: Dudzik & Velickovic 2022, section 3.
    """
    _check_length("messages", messages, size=o.dom, what="Y, the domain of `o`,")
    return monoid.segment(messages, o.values.astype(np.int32), o.cod)


def finite_transform(diagram: FiniteDiagram, semiring: Semiring, f: Values) -> Values:
    """The integral transform of a diagram of finite sets: the three steps, one after the other.

    Maths: `T_D(f) = o_+ p_x i^* f`

    Args:
      diagram: The diagram.
      semiring: How values multiply and add.
      f: One value for each element of W.

    Returns:
      One value for each element of Z.
    """
    arguments = pullback(diagram.i, f)
    messages = argument_pushforward(diagram.p, arguments, semiring.multiply)
    return message_pushforward(diagram.o, messages, semiring.add)


def _check_length(argument: str, values: Values, *, size: int, what: str) -> None:
    for leaf in jax.tree.leaves(values):
        if jnp.ndim(leaf) == 0 or jnp.shape(leaf)[0] != size:
            raise ShapeMismatchError(
                f"`{argument}` has shape {jnp.shape(leaf)}, but {what} has {size} elements. "
                "Give one value for each."
            )
