"""Unfolds: running a coalgebra, and unfolds that are folded at once.

A coalgebra of `O*y` gives a stream of outputs. One of `O^I*y^I` (Mealy) or `O*y^I` (Moore) is a
machine that turns a stream of inputs into a stream of outputs. All three are one scan. A coalgebra
of `1 + A*y` gives a list and stops by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import AxiomError, InputError
from catalign._typing import PyTree
from catalign.para.data import Items
from catalign.para.fold import fold
from catalign.para.functor import LIST, Directions, Element, PolynomialFunctor
from catalign.para.structure import Algebra, Coalgebra

CoStep = Callable[[PyTree, PyTree], Element]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Unfolding:
    """What a coalgebra gave in some steps.

    Args:
      outputs: One row for each step.
      state: The state after the last step.
    """

    outputs: PyTree
    state: PyTree


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ListUnfolding:
    """The list that a coalgebra of `1 + A*y` gave.

    Args:
      items: The list, padded.
      is_complete: Whether the coalgebra stopped by itself, a bool scalar.
    """

    items: Items
    is_complete: Array


def unfold(
    coalgebra: Coalgebra, state: PyTree, *, steps: int | None = None, inputs: PyTree = None
) -> Unfolding:
    """Runs a coalgebra from a state.

    Maths: the unique homomorphism to the final coalgebra, cut off: outputs `o(x_t)`, next state
    `x_(t+1) = n(x_t)`, or with inputs `o(x_t, i_t)` (Mealy) or `o(x_t)` (Moore) and `n(x_t, i_t)`.

    Args:
      coalgebra: Of a functor with one constructor that has a label and one child: `STREAM`,
        `MEALY`, `MOORE`.
      state: Where to start.
      steps: How many steps, for a stream.
      inputs: One row for each step, for a machine.

    Raises:
      AxiomError: The functor is no stream or machine.
      InputError: A stream without `steps` or with `inputs`, or a machine without `inputs`.

    Example:
      >>> from catalign.para.functor import MEALY, STREAM
      >>> powers = Coalgebra(STREAM, lambda x: STREAM.element("stream", x, 2 * x))
      >>> unfold(powers, jnp.int32(1), steps=4).outputs.tolist()
      [1, 2, 4, 8]
      >>> sums = Coalgebra(MEALY, lambda x: MEALY.element("mealy", lambda i: (x + i, x + i)))
      >>> unfold(sums, jnp.int32(0), inputs=jnp.array([5, 6, 7])).outputs.tolist()
      [5, 11, 18]

    Source: Gavranovic et al. 2024, section 3 and appendix I.
    """
    return _unfold(coalgebra.functor, lambda _, x: coalgebra(x), (), state, steps, inputs)


def unfold_untied(
    functor: PolynomialFunctor,
    step: CoStep,
    params: PyTree,
    state: PyTree,
    *,
    inputs: PyTree = None,
) -> Unfolding:
    """An unfold in which every step has parameters of its own.

    Args:
      functor: F.
      step: The parametric coalgebra `P x X -> F(X)`.
      params: One row for each step.
      state: Where to start.
      inputs: One row for each step, for a machine.
    """
    return _unfold(functor, step, params, state, None, inputs)


def unfold_list(coalgebra: Coalgebra, state: PyTree, *, max_length: int) -> ListUnfolding:
    """Runs a coalgebra of `1 + A*y` until it stops, and lists its labels.

    Args:
      coalgebra: Gives `LIST.choose(position, label=..., children=(next state,))`.
      state: Where to start.
      max_length: How many items there can be.

    Raises:
      AxiomError: The coalgebra is of another functor.

    Example:
      >>> def countdown(n):
      ...     return LIST.choose((n > 0).astype(jnp.int32), label=n, children=(n - 1,))
      >>> found = unfold_list(Coalgebra(LIST, countdown), jnp.int32(3), max_length=5)
      >>> found.items.labels[:3].tolist(), int(found.items.length), bool(found.is_complete)
      ([3, 2, 1], 3, True)
    """
    if coalgebra.functor != LIST:
        raise AxiomError(
            f"the coalgebra is of {coalgebra.functor.name} = {coalgebra.functor}, but a list is "
            f"unfolded by one of LIST = {LIST}."
        )
    cons = LIST.index("cons")

    def advance(carry: tuple[PyTree, Array], _: None) -> tuple[Any, Any]:
        state, running = carry
        layer = coalgebra(state)
        running = running & (layer.position == cons)
        state = jax.tree.map(
            lambda new, old: jnp.where(running, new, old), layer.children[0], state
        )
        return (state, running), (layer.label, running)

    (state, running), (labels, is_item) = jax.lax.scan(
        advance, (state, jnp.array(True)), None, length=max_length
    )
    length = jnp.sum(is_item, dtype=jnp.int32)
    return ListUnfolding(Items(labels, length), ~running | (coalgebra(state).position != cons))


def unfold_on_host(coalgebra: Coalgebra, state: PyTree) -> Element:
    """The whole tree that a coalgebra describes, by recursion.

    Args:
      coalgebra: Must reach a constructor without children on every path.
      state: Where to start; any Python value.

    Example:
      >>> halves = Coalgebra(LIST, lambda n: LIST.element("cons", n, n // 2) if n else
      ...                    LIST.element("nil"))
      >>> unfold_on_host(halves, 2).children[0].label
      1
    """
    return hylo(Algebra(coalgebra.functor, lambda element: element), coalgebra, state)


def hylo(
    algebra: Algebra, coalgebra: Coalgebra, state: PyTree, *, max_length: int | None = None
) -> PyTree:
    """Unfolds and folds at once: divide with a coalgebra, conquer with an algebra.

    Maths: `h = a . F(h) . c`.

    Args:
      algebra: `a: F(Y) -> Y`.
      coalgebra: `c: X -> F(X)`; must reach a constructor without children on every path.
      state: Where to start.
      max_length: None recurses on the host, for any functor and any Python values. A number runs
        lists as two scans, jittable; a list that is still longer is cut off there.

    Raises:
      AxiomError: The algebra and the coalgebra belong to different functors.

    Example:
      >>> from catalign.para.functor import NODE_TREE
      >>> def split(xs):
      ...     if not xs:
      ...         return NODE_TREE.element("empty")
      ...     low, high = [x for x in xs[1:] if x < xs[0]], [x for x in xs[1:] if x >= xs[0]]
      ...     return NODE_TREE.element("node", xs[0], low, high)
      >>> join = Algebra.from_cases(
      ...     NODE_TREE, empty=lambda: [], node=lambda a, low, high: [*low, a, *high])
      >>> hylo(join, Coalgebra(NODE_TREE, split), [3, 1, 2, 3])
      [1, 2, 3, 3]
    """
    functor = algebra.functor
    if coalgebra.functor != functor:
        raise AxiomError(
            f"the algebra is of {functor.name} = {functor} but the coalgebra of "
            f"{coalgebra.functor.name} = {coalgebra.functor}. Both need one functor."
        )
    if max_length is not None:
        return fold(algebra, unfold_list(coalgebra, state, max_length=max_length).items)
    return algebra(functor.map(lambda x: hylo(algebra, coalgebra, x), coalgebra(state)))


def _unfold(
    functor: PolynomialFunctor,
    step: CoStep,
    params: PyTree,
    state: PyTree,
    steps: int | None,
    inputs: PyTree,
) -> Unfolding:
    summand = functor.summands[0]
    sees_input = summand.directions is Directions.INPUT
    if (
        len(functor.summands) > 1
        or not summand.label
        or summand.directions not in (1, Directions.INPUT)
    ):
        raise AxiomError(
            f"{functor.name} = {functor} is no stream or machine. Unfold lists with `unfold_list` "
            "and other trees with `unfold_on_host`."
        )
    if sees_input != (inputs is not None):
        raise InputError(
            f"{functor.name} = {functor} {'needs' if sees_input else 'takes no'} `inputs`."
        )
    if not sees_input and steps is None and not jax.tree.leaves(params):
        raise InputError(f"{functor.name} = {functor} never stops. Give `steps`.")

    def advance(state: PyTree, row: tuple[PyTree, PyTree]) -> tuple[PyTree, PyTree]:
        p, given = row
        layer = step(p, state)
        if summand.label_sees_input:
            output, state = layer.children(given)
            return state, output
        return layer.children(given) if sees_input else layer.children[0], layer.label

    state, outputs = jax.lax.scan(advance, state, (params, inputs), length=steps)
    return Unfolding(outputs, state)
