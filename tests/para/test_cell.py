import ast
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from catalign._errors import InputError
from catalign.para.cell import AbstractAlgebraCell, n_step, unroll, unroll_untied
from catalign.para.data import BalancedTree, Items, encode_tree
from catalign.para.functor import ROSE, TREE, Several
from catalign.para.nnx_bridge import to_module
from catalign.para.recurrent import (
    FoldingRNN,
    MealyCell,
    MooreCell,
    RecursiveNetwork,
    UnfoldingRNN,
)
from catalign.para.two_cell import TwoCell, check_two_cell, stacked_copy

T, N_IN, N_STATE, N_OUT = 4, 2, 3, 2
xs = jax.random.normal(jax.random.key(0), (T, N_IN))
start = jnp.array([0.5, -0.5, 0.25])


def scan_fold(p, items):
    def step(s, a):
        return jnp.tanh(a @ p["W"] + s @ p["U"] + p["b"]), None

    return jax.lax.scan(step, p["start"], items.labels[::-1])[0]


def loop_tree(p, tree):
    level = [jnp.tanh(a @ p["W"] + p["c"]) for a in tree.labels]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [jnp.tanh(s @ p["L"] + t @ p["R"] + p["b"]) for s, t in pairs]
    return level[0]


def scan_stream(p, state):
    def step(s, _):
        return jnp.tanh(s @ p["U"] + p["b"]), s @ p["V"] + p["c"]

    return jax.lax.scan(step, state, None, length=T)[1]


def scan_mealy(p, given):
    def step(s, i):
        s = jnp.tanh(i @ p["W"] + s @ p["U"] + p["b"])
        return s, s @ p["V"] + p["c"]

    return jax.lax.scan(step, *given)[1]


def scan_moore(p, given):
    def step(s, i):
        return jnp.tanh(i @ p["W"] + s @ p["U"] + p["b"]), s @ p["V"] + p["c"]

    return jax.lax.scan(step, *given)[1]


CASES = {
    "list": (FoldingRNN(N_IN, N_STATE), scan_fold, Items(xs), {}),
    "tree": (RecursiveNetwork(N_IN, N_STATE), loop_tree, BalancedTree(xs), {}),
    "stream": (UnfoldingRNN(N_STATE, N_OUT), scan_stream, start, {"steps": T}),
    "mealy": (MealyCell(N_IN, N_STATE, N_OUT), scan_mealy, (start, xs), {}),
    "moore": (MooreCell(N_IN, N_STATE, N_OUT), scan_moore, (start, xs), {}),
}


def outputs(result):
    return result.outputs if hasattr(result, "outputs") else result


def squared(result):
    return jnp.sum(jnp.square(outputs(result)))


@pytest.fixture(scope="module", params=list(CASES))
def run(request):
    """Everything about one cell, from one compilation."""
    cell, by_hand, x, extra = CASES[request.param]
    tied, untied = unroll(cell, **extra), unroll_untied(cell, **extra)
    # Away from its first value, so that biases count too.
    params = jax.tree.map(lambda leaf: leaf + 0.1, cell.init(jax.random.key(1)))
    copies = stacked_copy(T if request.param == "stream" else n_step(x))

    @jax.jit
    def everything(p):
        return {
            "tied": tied(p, x),
            "by hand": by_hand(p, x),
            "copied": untied(copies(p), x),
            "tied gradient": jax.grad(lambda p: squared(tied(p, x)))(p),
            "gradient by hand": jax.grad(lambda p: squared(by_hand(p, x)))(p),
            "untied gradient": jax.grad(lambda p: squared(untied(p, x)))(copies(p)),
        }

    return everything(params)


def assert_close(left, right):
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_an_unrolled_cell_is_the_hand_written_network(run):
    assert_close(outputs(run["tied"]), run["by hand"])
    assert_close(run["tied gradient"], run["gradient by hand"])


def test_an_unrolled_cell_is_the_untied_network_along_the_copy(run):
    assert_close(run["tied"], run["copied"])


def test_the_tied_gradient_is_the_sum_over_the_steps(run):
    summed = jax.tree.map(lambda leaf: jnp.sum(leaf, 0), run["untied gradient"])
    assert_close(run["tied gradient"], summed)
    last = jax.tree.map(lambda leaf: leaf[-1], run["untied gradient"])
    with pytest.raises(AssertionError):
        assert_close(run["tied gradient"], last)


def test_tying_is_a_two_cell_and_other_reparametrisations_are_not_this_one():
    cell, items = FoldingRNN(N_IN, N_STATE), Items(xs)
    params = cell.init(jax.random.key(1))
    tied, untied, copies = unroll(cell), unroll_untied(cell), stacked_copy(items.n_step)
    check_two_cell(TwoCell(untied, tied, copies), [(params, items)], tolerance=1e-6)
    shrunk = TwoCell(untied, tied, lambda p: jax.tree.map(lambda leaf: 0.9 * leaf, copies(p)))
    with pytest.raises(ValueError, match="no 2-cell from unroll_untied"):
        check_two_cell(shrunk, [(params, items)], tolerance=1e-6)


def test_padding_and_batches_leave_a_network_as_it_is():
    network = unroll(FoldingRNN(N_IN, N_STATE))
    params = FoldingRNN(N_IN, N_STATE).init(jax.random.key(1))
    lengths = jnp.array([0, 2, T], jnp.int32)
    rows = jnp.broadcast_to(xs, (3, T, N_IN))
    states = jax.jit(jax.vmap(network.at(params)))(Items(rows, lengths))
    assert_close(states[0], params["start"])
    assert_close(states[1], scan_fold(params, Items(xs[:2])))
    assert_close(states[2], scan_fold(params, Items(xs)))


def test_trees_of_any_shape_share_the_cell_of_balanced_ones():
    cell = RecursiveNetwork(N_IN, N_STATE)
    params = cell.init(jax.random.key(1))
    leaves = [TREE.element("leaf", np.asarray(x)) for x in xs]
    balanced = TREE.element(
        "node", TREE.element("node", *leaves[:2]), TREE.element("node", *leaves[2:])
    )
    chain = TREE.element("node", leaves[0], TREE.element("node", *leaves[1:3]))
    fold_tree = jax.jit(unroll(cell).apply)
    assert_close(
        fold_tree(params, encode_tree(TREE, balanced)), loop_tree(params, BalancedTree(xs))
    )
    skewed = fold_tree(params, encode_tree(TREE, chain, n_node=7))
    right = np.tanh(
        np.tanh(xs[1] @ params["W"]) @ params["L"] + np.tanh(xs[2] @ params["W"]) @ params["R"]
    )
    expected = np.tanh(np.tanh(xs[0] @ params["W"]) @ params["L"] + right @ params["R"])
    assert_close(skewed, expected)


class SumOfBranches(AbstractAlgebraCell):
    """A cell of one's own, on trees of any branching."""

    functor = ROSE

    def init(self, key):
        return {"W": jax.random.normal(key, ())}

    def structure(self, params, element):
        def node(children):
            several = Several.of(children)
            return params["W"] * jnp.sum(jnp.where(several.mask, several.values, 0.0))

        return ROSE.match(element, leaf=lambda a: a, node=node)


def test_a_cell_of_ones_own_runs_on_trees_of_any_branching():
    leaves = [ROSE.element("leaf", np.float32(a)) for a in (1, 2, 3)]
    tree = ROSE.element("node", (ROSE.element("node", tuple(leaves[:2])), leaves[2]))
    value = unroll(SumOfBranches())({"W": jnp.float32(10.0)}, encode_tree(ROSE, tree))
    assert float(value) == 10 * (10 * (1 + 2) + 3)


class Growing(UnfoldingRNN):
    """Breaks the law of a coalgebra cell: its state grows."""

    def structure(self, params, state):
        return self.functor.element("stream", state, jnp.concatenate([state, state]))


class Forgetful(SumOfBranches):
    """Breaks the law of an algebra cell: it has no answer for a leaf."""

    def structure(self, params, element):
        return ROSE.match(element, node=lambda children: params["W"])


def test_a_cell_that_breaks_its_law_cannot_be_unrolled():
    with pytest.raises(TypeError, match="carry"):
        unroll(Growing(N_STATE, N_OUT), steps=2)({}, start)
    with pytest.raises(InputError, match=r"the cases \['node'\] do not fit ROSE"):
        unroll(Forgetful())({"W": 1.0}, ROSE.element("leaf", 1.0))


def test_an_unrolled_cell_becomes_a_module():
    cell = MooreCell(N_IN, N_STATE, N_OUT)
    params = cell.init(jax.random.key(1))
    module = to_module(unroll(cell), params)
    assert set(module.params) == {"W", "U", "b", "V", "c"}
    assert_close(module((start, xs)).outputs, scan_moore(params, (start, xs)))


def test_each_cell_takes_under_thirty_lines():
    for cell, *_ in CASES.values():
        tree = ast.parse(inspect.getsource(type(cell)))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:]
        assert len(ast.unparse(tree).splitlines()) < 30


def test_steps_belong_to_streams():
    with pytest.raises(InputError, match=r"UnfoldingRNN is a cell of STREAM = O\*y: give `steps`"):
        unroll(UnfoldingRNN(N_STATE, N_OUT))
    with pytest.raises(InputError, match=r"FoldingRNN .* leave `steps` out"):
        unroll_untied(FoldingRNN(N_IN, N_STATE), steps=3)
