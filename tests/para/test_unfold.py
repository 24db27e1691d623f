import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalign._errors import AxiomError, InputError
from catalign.para.functor import LIST, MEALY, MOORE, NODE_TREE, STREAM, TREE
from catalign.para.structure import Algebra, Coalgebra
from catalign.para.unfold import hylo, unfold, unfold_list, unfold_on_host, unfold_untied
from tests.strategies import LAW

STEPS = 5


def collatz(n):
    """Stops at 1; the same on the host and in arrays."""
    return n // 2 if n % 2 == 0 else 3 * n + 1


def traced_collatz(n):
    after = jnp.where(n % 2 == 0, n // 2, 3 * n + 1)
    return LIST.choose((n != 1).astype(jnp.int32), label=n, children=(after,))


DOWN = Coalgebra(LIST, traced_collatz)
SUM_SQUARES = Algebra.from_cases(LIST, nil=lambda: jnp.int32(0), cons=lambda a, x: a * a - x)
HOST_DOWN = Coalgebra(
    LIST, lambda n: LIST.element("nil") if n == 1 else LIST.element("cons", n, collatz(n))
)
HOST_SQUARES = Algebra.from_cases(LIST, nil=lambda: 0, cons=lambda a, x: a * a - x)

run_collatz = jax.jit(lambda n: unfold_list(DOWN, n, max_length=24))
run_hylo = jax.jit(lambda n: hylo(SUM_SQUARES, DOWN, n, max_length=24))


@LAW
@given(st.integers(1, 20))
def test_a_list_is_unfolded_until_the_coalgebra_stops(n):
    found = run_collatz(np.int32(n))
    tree, items = unfold_on_host(HOST_DOWN, n), []
    while tree.children:
        items.append(tree.label)
        (tree,) = tree.children
    assert found.items.labels[: int(found.items.length)].tolist() == items
    assert bool(found.is_complete)


def test_a_list_that_is_cut_off_says_so():
    found = unfold_list(DOWN, jnp.int32(3), max_length=3)
    assert (int(found.items.length), bool(found.is_complete)) == (3, False)
    found = unfold_list(DOWN, jnp.int32(8), max_length=3)
    assert (int(found.items.length), bool(found.is_complete)) == (3, True)


@LAW
@given(st.integers(1, 20))
def test_a_hylomorphism_in_two_scans_is_the_recursion(n):
    assert int(run_hylo(np.int32(n))) == hylo(HOST_SQUARES, HOST_DOWN, n)


@LAW
@given(st.lists(st.integers(-9, 9), max_size=9))
def test_merge_sort_is_a_hylomorphism(xs):
    def split(xs):
        if len(xs) <= 1:
            return TREE.element("leaf", xs)
        return TREE.element("node", xs[::2], xs[1::2])

    merge = Algebra.from_cases(TREE, leaf=list, node=_merge)
    assert hylo(merge, Coalgebra(TREE, split), xs) == sorted(xs)


def _merge(left, right):
    if not left or not right:
        return left + right
    if left[0] <= right[0]:
        return [left[0], *_merge(left[1:], right)]
    return [right[0], *_merge(left, right[1:])]


def test_a_hylomorphism_along_the_wrong_algebra_does_not_sort():
    def split(xs):
        if len(xs) <= 1:
            return TREE.element("leaf", xs)
        return TREE.element("node", xs[::2], xs[1::2])

    join = Algebra.from_cases(TREE, leaf=list, node=lambda x, y: x + y)
    assert hylo(join, Coalgebra(TREE, split), [3, 1, 2]) != [1, 2, 3]


def reference_stream(state, inputs, step):
    outputs = []
    for given_input in inputs:
        output, state = step(state, int(given_input))
        outputs.append(output)
    return outputs, state


MACHINES = {
    "stream": (
        Coalgebra(STREAM, lambda x: STREAM.element("stream", 2 * x, 3 * x + 1)),
        lambda x, i: (2 * x, 3 * x + 1),
    ),
    "mealy": (
        Coalgebra(MEALY, lambda x: MEALY.element("mealy", lambda i: (x - i, 3 * x + i))),
        lambda x, i: (x - i, 3 * x + i),
    ),
    "moore": (
        Coalgebra(MOORE, lambda x: MOORE.element("moore", 2 * x, lambda i: 3 * x + i)),
        lambda x, i: (2 * x, 3 * x + i),
    ),
}


@pytest.mark.parametrize("name", list(MACHINES))
def test_streams_and_machines_run_as_their_equations_say(name):
    coalgebra, step = MACHINES[name]
    inputs = jnp.array([4, -1, 0, 2, 7], jnp.int32)
    extra = {"steps": STEPS} if name == "stream" else {"inputs": inputs}
    found = jax.jit(lambda x: unfold(coalgebra, x, **extra))(jnp.int32(2))
    outputs, state = reference_stream(2, inputs, step)
    assert (found.outputs.tolist(), int(found.state)) == (outputs, state)
    late, _ = reference_stream(3, inputs, step)
    assert found.outputs.tolist() != late


def test_the_output_of_a_moore_machine_does_not_see_its_input():
    inputs = jnp.arange(STEPS, dtype=jnp.int32)
    changed = inputs.at[-1].set(9)
    run = {
        name: [
            unfold(MACHINES[name][0], jnp.int32(2), inputs=given).outputs.tolist()
            for given in (inputs, changed)
        ]
        for name in ("mealy", "moore")
    }
    assert run["moore"][0] == run["moore"][1]
    assert run["mealy"][0] != run["mealy"][1]


def test_rows_of_untied_parameters_reach_the_steps_in_order():
    found = unfold_untied(
        STREAM, lambda p, x: STREAM.element("stream", p, 10 * x + p), jnp.arange(3), jnp.int32(7)
    )
    assert (found.outputs.tolist(), int(found.state)) == ([0, 1, 2], 7012)


def test_a_coalgebra_that_cannot_be_run_is_refused():
    with pytest.raises(AxiomError, match=r"NODE_TREE = 1 \+ A\*y\^2 is no stream or machine"):
        unfold(Coalgebra(NODE_TREE, lambda x: NODE_TREE.element("empty")), 0, steps=3)
    with pytest.raises(InputError, match="never stops"):
        unfold(MACHINES["stream"][0], 0)
    with pytest.raises(InputError, match="needs `inputs`"):
        unfold(MACHINES["moore"][0], 0, steps=3)
    with pytest.raises(AxiomError, match="a list is unfolded by one of LIST"):
        unfold_list(MACHINES["stream"][0], 0, max_length=3)
    with pytest.raises(AxiomError, match=r"the algebra is of LIST = 1 \+ A\*y but the coalgebra"):
        hylo(HOST_SQUARES, MACHINES["stream"][0], 0)
