"""Cells and their unrolling: a recurrent network is a (co)algebra in Para.

A cell is a parametric algebra `P x F(S) -> S` or coalgebra `P x S -> F(S)`. Its unrolled network is
the fold or unfold at each parameter. Composing one cell for each step in Para would give every step
parameters of its own (`unroll_untied`); the network is the reparametrisation of that along the
copy. So weight sharing over time is the 2-cell of weight tying, and the gradient of the shared
parameter is the sum over the steps.
"""

import abc
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray, PyTree
from catalign.para.data import BalancedTree, EncodedTree, Items
from catalign.para.fold import fold, fold_untied
from catalign.para.functor import Directions, Element, PolynomialFunctor
from catalign.para.parametric import ParametricMap
from catalign.para.structure import Algebra, Coalgebra
from catalign.para.unfold import unfold, unfold_untied


class AbstractAlgebraCell(abc.ABC):
    """A parametric algebra: how one layer of states becomes a state.

    Attributes:
      functor: F.
    """

    functor: ClassVar[PolynomialFunctor]

    @abc.abstractmethod
    def init(self, key: KeyArray) -> PyTree:
        """Draws parameters in P."""

    @abc.abstractmethod
    def structure(self, params: PyTree, element: Element) -> PyTree:
        """The map `P x F(S) -> S`. Law: it answers for every constructor of `functor`."""

    def at(self, params: PyTree) -> Algebra:
        """The algebra at fixed parameters."""
        return Algebra(self.functor, lambda element: self.structure(params, element))


class AbstractCoalgebraCell(abc.ABC):
    """A parametric coalgebra: how a state gives an output and the next states.

    Attributes:
      functor: F.
    """

    functor: ClassVar[PolynomialFunctor]

    @abc.abstractmethod
    def init(self, key: KeyArray) -> PyTree:
        """Draws parameters in P."""

    @abc.abstractmethod
    def structure(self, params: PyTree, state: PyTree) -> Element:
        """The map `P x S -> F(S)`. Law: the next state has the shapes and dtypes of `state`."""

    def at(self, params: PyTree) -> Coalgebra:
        """The coalgebra at fixed parameters."""
        return Coalgebra(self.functor, lambda state: self.structure(params, state))


AbstractCell = AbstractAlgebraCell | AbstractCoalgebraCell


def unroll(cell: AbstractCell, *, steps: int | None = None) -> ParametricMap:
    """The network that applies a cell again and again, with one parameter for all steps.

    Maths: `(P, (p, t) -> fold(cell at p)(t))`, or with `unfold`.

    Args:
      cell: The cell.
      steps: For how many steps a stream is unfolded.

    Returns:
      A parametric map whose input is a tree for an algebra; a state for a stream; a pair of a state
      and inputs for a Mealy or Moore machine. The output is a state, or an `Unfolding`.

    Raises:
      InputError: `steps` is missing for a stream, or given for something else.

    Source: Gavranovic et al. 2024, appendix I and J.
    """
    _check_steps(cell, steps)
    name = f"unroll({type(cell).__name__})"
    if isinstance(cell, AbstractAlgebraCell):
        return ParametricMap(lambda p, tree: fold(cell.at(p), tree), name)
    if steps is not None:
        return ParametricMap(lambda p, state: unfold(cell.at(p), state, steps=steps), name)
    return ParametricMap(lambda p, x: unfold(cell.at(p), x[0], inputs=x[1]), name)


def unroll_untied(cell: AbstractCell, *, steps: int | None = None) -> ParametricMap:
    """The network that applies a cell again and again, with parameters for each step.

    Maths: the composite of the cells in Para. For n steps `unroll(cell)` is
    `unroll_untied(cell).reparametrise(stacked_copy(n))`.

    Args:
      cell: The cell.
      steps: As for `unroll`.

    Returns:
      A parametric map with the inputs and outputs of `unroll`, whose parameters have one row for
      each step (`n_step(x)` of them).

    Raises:
      InputError: `steps` is missing for a stream, or given for something else.
    """
    _check_steps(cell, steps)
    name = f"unroll_untied({type(cell).__name__})"
    if isinstance(cell, AbstractAlgebraCell):
        return ParametricMap(lambda p, t: fold_untied(cell.functor, cell.structure, p, t), name)
    if steps is not None:
        return ParametricMap(lambda p, x: unfold_untied(cell.functor, cell.structure, p, x), name)
    return ParametricMap(
        lambda p, x: unfold_untied(cell.functor, cell.structure, p, x[0], inputs=x[1]), name
    )


def n_step(x: Items | BalancedTree | EncodedTree | tuple[PyTree, PyTree]) -> int:
    """How many rows of parameters the untied network needs for an input.

    Args:
      x: A tree, or a pair of a state and inputs.

    Example:
      >>> n_step(Items(jnp.zeros((5, 2)))), n_step((jnp.zeros(3), jnp.zeros((5, 2))))
      (6, 5)
    """
    return jax.tree.leaves(x[1])[0].shape[0] if isinstance(x, tuple) else x.n_step


def dense(key: KeyArray, n_in: int, n_out: int) -> Array:
    """Draws a matrix that keeps the scale of its input, float32 `[n_in, n_out]`."""
    return jax.random.normal(key, (n_in, n_out), jnp.float32) / jnp.sqrt(jnp.float32(n_in))


def _check_steps(cell: AbstractCell, steps: int | None) -> None:
    is_stream = isinstance(cell, AbstractCoalgebraCell) and not any(
        summand.directions is Directions.INPUT for summand in cell.functor.summands
    )
    if is_stream != (steps is not None):
        raise InputError(
            f"{type(cell).__name__} is a cell of {cell.functor.name} = {cell.functor}: "
            + ("give `steps`." if is_stream else "leave `steps` out, the input says how many.")
        )
