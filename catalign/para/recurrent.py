"""Recurrent cells: each is read off its functor, with one case for each constructor.

| cell | functor | kind | unrolled |
|---|---|---|---|
| `FoldingRNN` | `1 + A*y` | algebra | reads a list, from its end, into a state |
| `RecursiveNetwork` | `A + y^2` | algebra | reads a binary tree into a state |
| `UnfoldingRNN` | `O*y` | coalgebra | writes a stream from a state |
| `MealyCell` | `O^I*y^I` | coalgebra | reads and writes; each output sees its input |
| `MooreCell` | `O*y^I` | coalgebra | reads and writes; each output comes before its input |

States, labels, inputs and outputs are vectors; batches are `jax.vmap`.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from catalign._typing import KeyArray, PyTree
from catalign.para.cell import AbstractAlgebraCell, AbstractCoalgebraCell, dense
from catalign.para.functor import LIST, MEALY, MOORE, STREAM, TREE, Element


@dataclass(frozen=True)
class FoldingRNN(AbstractAlgebraCell):
    """The recurrent network that folds a list, an algebra of `1 + A*y` in Para.

    Maths: `nil -> s_0`; `cons(a, s) -> tanh(a W + s U + b)`.

    Args:
      n_label: The width of an item.
      n_state: The width of a state.
    """

    n_label: int
    n_state: int

    functor = LIST

    def init(self, key: KeyArray) -> PyTree:
        """Draws W and U; the bias and the first state start at 0."""
        w, u = jax.random.split(key)
        zero = jnp.zeros(self.n_state, jnp.float32)
        return {
            "W": dense(w, self.n_label, self.n_state),
            "U": dense(u, self.n_state, self.n_state),
            "b": zero,
            "start": zero,
        }

    def structure(self, params: PyTree, element: Element) -> PyTree:
        """The state of an empty list, or of a list from its head and the state of its tail."""
        return self.functor.match(
            element,
            nil=lambda: params["start"],
            cons=lambda a, s: jnp.tanh(a @ params["W"] + s @ params["U"] + params["b"]),
        )


@dataclass(frozen=True)
class RecursiveNetwork(AbstractAlgebraCell):
    """The recursive network on binary trees, an algebra of `A + y^2` in Para.

    Maths: `leaf(a) -> tanh(a W + c)`; `node(s, t) -> tanh(s L + t R + b)`.

    Args:
      n_label: The width of a label.
      n_state: The width of a state.
    """

    n_label: int
    n_state: int

    functor = TREE

    def init(self, key: KeyArray) -> PyTree:
        """Draws W, L and R; the biases start at 0."""
        w, left, right = jax.random.split(key, 3)
        zero = jnp.zeros(self.n_state, jnp.float32)
        return {
            "W": dense(w, self.n_label, self.n_state),
            "L": dense(left, self.n_state, self.n_state),
            "R": dense(right, self.n_state, self.n_state),
            "b": zero,
            "c": zero,
        }

    def structure(self, params: PyTree, element: Element) -> PyTree:
        """The state of a leaf from its label, or of a node from those of its two subtrees."""
        return self.functor.match(
            element,
            leaf=lambda a: jnp.tanh(a @ params["W"] + params["c"]),
            node=lambda s, t: jnp.tanh(s @ params["L"] + t @ params["R"] + params["b"]),
        )


@dataclass(frozen=True)
class UnfoldingRNN(AbstractCoalgebraCell):
    """The recurrent network that writes a stream, a coalgebra of `O*y` in Para.

    Maths: `s -> (s V + c, tanh(s U + b))`.

    Args:
      n_state: The width of a state.
      n_output: The width of an output.
    """

    n_state: int
    n_output: int

    functor = STREAM

    def init(self, key: KeyArray) -> PyTree:
        """Draws U and V; the biases start at 0."""
        u, v = jax.random.split(key)
        return {
            "U": dense(u, self.n_state, self.n_state),
            "b": jnp.zeros(self.n_state, jnp.float32),
            "V": dense(v, self.n_state, self.n_output),
            "c": jnp.zeros(self.n_output, jnp.float32),
        }

    def structure(self, params: PyTree, state: PyTree) -> Element:
        """The output of a state and the next state."""
        output = state @ params["V"] + params["c"]
        return self.functor.element("stream", output, jnp.tanh(state @ params["U"] + params["b"]))


@dataclass(frozen=True)
class MealyCell(AbstractCoalgebraCell):
    """The recurrent network that reads and writes, a coalgebra of `O^I*y^I` in Para.

    Maths: `s -> (i -> (s' V + c, s'))` with `s' = tanh(i W + s U + b)`.

    Args:
      n_input: The width of an input.
      n_state: The width of a state.
      n_output: The width of an output.
    """

    n_input: int
    n_state: int
    n_output: int

    functor = MEALY

    def init(self, key: KeyArray) -> PyTree:
        """Draws W, U and V; the biases start at 0."""
        return _machine_parameters(key, self.n_input, self.n_state, self.n_output)

    def structure(self, params: PyTree, state: PyTree) -> Element:
        """What a state does with an input: the output and the next state."""

        def answer(given: PyTree) -> tuple[PyTree, PyTree]:
            after = jnp.tanh(given @ params["W"] + state @ params["U"] + params["b"])
            return after @ params["V"] + params["c"], after

        return self.functor.element("mealy", answer)


@dataclass(frozen=True)
class MooreCell(AbstractCoalgebraCell):
    """The recurrent network whose output does not see its input, a coalgebra of `O*y^I` in Para.

    Maths: `s -> (s V + c, i -> tanh(i W + s U + b))`.

    Args:
      n_input: The width of an input.
      n_state: The width of a state.
      n_output: The width of an output.
    """

    n_input: int
    n_state: int
    n_output: int

    functor = MOORE

    def init(self, key: KeyArray) -> PyTree:
        """Draws W, U and V; the biases start at 0."""
        return _machine_parameters(key, self.n_input, self.n_state, self.n_output)

    def structure(self, params: PyTree, state: PyTree) -> Element:
        """The output of a state, and the next state for each input."""
        return self.functor.element(
            "moore",
            state @ params["V"] + params["c"],
            lambda given: jnp.tanh(given @ params["W"] + state @ params["U"] + params["b"]),
        )


def _machine_parameters(key: KeyArray, n_input: int, n_state: int, n_output: int) -> PyTree:
    w, u, v = jax.random.split(key, 3)
    return {
        "W": dense(w, n_input, n_state),
        "U": dense(u, n_state, n_state),
        "b": jnp.zeros(n_state, jnp.float32),
        "V": dense(v, n_state, n_output),
        "c": jnp.zeros(n_output, jnp.float32),
    }
