"""Both ways between parametric maps and NNX modules; the only file of this package with flax.

`from_module` takes a module apart into a parametric map and its parameters, `to_module` makes a
module of a parametric map and parameters. Values and gradients stay the same.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from catalign._errors import UnsupportedError
from catalign._typing import PyTree
from catalign.para.parametric import ParametricMap


def from_module(module: nnx.Module) -> tuple[ParametricMap, PyTree]:
    """A parametric map that does what a module does, and the module's parameters.

    Args:
      module: Called with one argument, and without Variables other than `nnx.Param`: whatever it
        would write into them would be lost.

    Returns:
      The map and its parameters, a pytree (an `nnx.State`).

    Raises:
      UnsupportedError: The module has other Variables, such as batch statistics or a random stream.

    Example:
      >>> layer = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
      >>> linear, params = from_module(layer)
      >>> linear(params, jnp.ones((1, 2))).shape
      (1, 3)
    """
    graph, params, rest = nnx.split(module, nnx.Param, ...)
    others = {type(leaf).__name__ for _, leaf in nnx.to_flat_state(rest)}
    if others:
        raise UnsupportedError(
            f"{type(module).__name__} holds Variables of type {sorted(others)} beside its "
            "parameters; a parametric map has no place for them. Pass what they hold as an input."
        )
    apply = ParametricMap(lambda p, x: nnx.merge(graph, p)(x), type(module).__name__)  # type: ignore[reportCallIssue]
    return apply, params


class ParametricModule(nnx.Module):
    """An NNX module that applies a parametric map to parameters of its own.

    Args:
      parametric: The map.
      params: The initial parameters; each array becomes an `nnx.Param`.
    """

    def __init__(self, parametric: ParametricMap, params: PyTree) -> None:
        leaves, treedef = jax.tree_util.tree_flatten_with_path(params)
        names = _unique([_name(path) for path, _ in leaves])
        self.parametric = parametric
        self.treedef = treedef
        self.names = tuple(names)
        self.params = nnx.Dict(
            {
                name: nnx.Param(jnp.asarray(leaf))
                for name, (_, leaf) in zip(names, leaves, strict=True)
            }
        )

    @property
    def values(self) -> PyTree:
        """The parameters, shaped as the map wants them."""
        return jax.tree.unflatten(self.treedef, [self.params[name][...] for name in self.names])

    def __call__(self, x: PyTree) -> PyTree:
        """Applies the map."""
        return self.parametric(self.values, x)


def to_module(parametric: ParametricMap, params: PyTree) -> ParametricModule:
    """An NNX module of a parametric map and initial parameters.

    Args:
      parametric: The map, for example `unroll(cell)`.
      params: Its parameters.

    Example:
      >>> scale = ParametricMap(lambda p, x: p["weight"] * x, name="scale")
      >>> module = to_module(scale, {"weight": jnp.array(3.0)})
      >>> float(module(2.0))
      6.0
    """
    return ParametricModule(parametric, params)


def _name(path: tuple[Any, ...]) -> str:
    """A name such as `hidden_0_weight` from the keys that lead to a leaf."""
    words = ["".join(filter(str.isalnum, jax.tree_util.keystr((key,)))) for key in path]
    return "_".join(words) or "params"


def _unique(names: list[str]) -> list[str]:
    """The names, numbered if two of them are the same."""
    if len(set(names)) == len(names):
        return names
    return [f"{name}_at_{place}" for place, name in enumerate(names)]
