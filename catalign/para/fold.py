"""Folds: the unique homomorphism from a type of trees to an algebra.

A list is folded by one scan from its end, a balanced tree level by level with all nodes of a level
at once, a tree of any shape by one scan over its nodes. A tree on the host is folded by recursion,
literally as the equation says; it is the reference for the others.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from catalign._errors import AxiomError, InputError
from catalign._typing import PyTree
from catalign.para.data import BalancedTree, EncodedTree, Items
from catalign.para.functor import LIST, TREE, Element, PolynomialFunctor, Several
from catalign.para.structure import Algebra

Tree = Items | BalancedTree | EncodedTree | Element
Step = Callable[[PyTree, Element], PyTree]


def fold(algebra: Algebra, tree: Tree) -> PyTree:
    """Replaces every constructor of a tree by the algebra.

    Maths: the unique `f` with `f . make = a . F(f)`; for lists `f([]) = a(nil)` and
    `f([h, *t]) = a(cons(h, f(t)))`.

    Args:
      algebra: What to put in place of the constructors. Jittable, unless the tree is on the host.
      tree: One tree; batches are folded with `jax.vmap`.

    Raises:
      AxiomError: The algebra and the tree belong to different functors.

    Example:
      >>> horner = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda a, x: a + 10 * x)
      >>> int(fold(horner, Items(jnp.array([1, 2, 3]))))
      321
      >>> fold(horner, LIST.element("cons", 1, LIST.element("cons", 2, LIST.element("nil"))))
      21

    Source: Gavranovic et al. 2024, section 3 and appendix I.
    """
    return _fold(algebra.functor, lambda _, element: algebra(element), (), tree)


def fold_untied(
    functor: PolynomialFunctor, step: Step, params: PyTree, tree: Items | BalancedTree | EncodedTree
) -> PyTree:
    """A fold in which every application of the algebra has parameters of its own.

    It is the composite of the applications in Para; `fold` at one parameter is its
    reparametrisation along the copy.

    Args:
      functor: F.
      step: The parametric algebra `P x F(X) -> X`.
      params: One row for each application, `tree.n_step` in all. For a list: one for each item,
        then one for the empty list. For a balanced tree: the leaves, then level by level. For an
        encoded tree: one for each row.
      tree: The tree.

    Raises:
      AxiomError: The functor and the tree do not fit.
      InputError: `params` has another number of rows.
    """
    rows = {jnp.shape(leaf)[:1] for leaf in jax.tree.leaves(params)}
    if rows - {(tree.n_step,)}:
        raise InputError(
            f"`params` has rows {sorted(rows)} but the fold has {tree.n_step} steps. Give one row "
            "of parameters for each step, for example `stacked_copy(tree.n_step)(params)`."
        )
    return _fold(functor, step, params, tree)


def _fold(functor: PolynomialFunctor, step: Step, params: PyTree, tree: Tree) -> PyTree:
    if isinstance(tree, Element):
        return _fold_on_host(functor, step, tree)
    if tree.functor != functor:
        raise AxiomError(
            f"an algebra of {functor.name} = {functor} cannot fold a tree of {tree.functor.name} = "
            f"{tree.functor}. Use an algebra of the functor of the tree."
        )
    if isinstance(tree, Items):
        return _fold_items(step, params, tree)
    if isinstance(tree, BalancedTree):
        return _fold_balanced(step, params, tree)
    return _fold_encoded(step, params, tree)


def _fold_on_host(functor: PolynomialFunctor, step: Step, tree: Element) -> PyTree:
    return step((), functor.map(lambda child: _fold_on_host(functor, step, child), tree))


def _fold_items(step: Step, params: PyTree, items: Items) -> PyTree:
    labels, length = items.labels, items.length
    size = items.n_step - 1
    empty = step(_row(params, size), LIST.element("nil"))
    if size == 0:
        return empty
    place = jnp.arange(size, dtype=jnp.int32)
    if length is not None:
        # Padding repeats the first item: values that no one reads must not spoil gradients.
        source = jnp.where(place < length, place, 0)
        labels = jax.tree.map(lambda leaf: leaf[source], labels)

    def prepend(tail: PyTree, row: tuple[Any, PyTree, PyTree]) -> tuple[PyTree, None]:
        t, p, head = row
        whole = step(p, LIST.element("cons", head, tail))
        if length is not None:
            whole = jax.tree.map(lambda new, old: jnp.where(t < length, new, old), whole, tail)
        return whole, None

    rows = (place, _rows(params, 0, size), labels)
    return jax.lax.scan(prepend, empty, rows, reverse=True)[0]


def _fold_balanced(step: Step, params: PyTree, tree: BalancedTree) -> PyTree:
    size = (tree.n_step + 1) // 2
    if size == 0:
        raise InputError("`tree` has no leaf, but a tree of A + y^2 has at least one.")
    done = size
    values = jax.vmap(lambda p, label: step(p, TREE.element("leaf", label)))(
        _rows(params, 0, size), tree.labels
    )
    while size > 1:
        pairs = size // 2
        left, right, odd = (
            jax.tree.map(lambda leaf, part=part: leaf[part], values)
            for part in (slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2), slice(2 * pairs, size))
        )
        merged = jax.vmap(lambda p, x, y: step(p, TREE.element("node", x, y)))(
            _rows(params, done, done + pairs), left, right
        )
        values = jax.tree.map(lambda new, old: jnp.concatenate([new, old]), merged, odd)
        done, size = done + pairs, size - pairs
    return jax.tree.map(lambda leaf: leaf[0], values)


def _fold_encoded(step: Step, params: PyTree, tree: EncodedTree) -> PyTree:
    functor = tree.functor
    size, arity = tree.children.shape
    has_list = not all(isinstance(s.directions, int) for s in functor.summands)
    constants = [k for k, summand in enumerate(functor.summands) if summand.directions == 0]
    if not constants:
        raise InputError(f"{functor.name} = {functor} has no constructor without children.")
    # Every row starts with a value that occurs, so that branches not taken see nothing odd.
    label = jax.tree.map(lambda leaf: leaf[0], tree.label)
    start = step(_row(params, 0), Element(constants[0], label, ()))
    values = jax.tree.map(lambda x: jnp.broadcast_to(x, (size, *jnp.shape(x))), start)

    def visit(values: PyTree, row: tuple[Any, ...]) -> tuple[PyTree, None]:
        node, p, position, label, children = row
        if has_list:
            gathered = jax.tree.map(lambda leaf: leaf[jnp.maximum(children, 0)], values)
            arguments = Several(gathered, children >= 0)
        else:
            arguments = tuple(
                jax.tree.map(lambda leaf, k=k: leaf[jnp.maximum(children[k], 0)], values)
                for k in range(arity)
            )
        value = step(p, functor.choose(position, label=label, children=arguments))
        return jax.tree.map(lambda all_, one: all_.at[node].set(one), values, value), None

    place = jnp.arange(size, dtype=jnp.int32)
    rows = (place, params, tree.position, tree.label, tree.children)
    values, _ = jax.lax.scan(visit, values, rows)
    return jax.tree.map(lambda leaf: leaf[tree.root], values)


def _row(params: PyTree, place: int) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[place], params)


def _rows(params: PyTree, start: int, stop: int) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[start:stop], params)
