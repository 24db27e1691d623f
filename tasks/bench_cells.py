"""Times the five cells against networks written out by hand: `python -m tasks.bench cells`.

Each cell of `catalign.para.recurrent` is unrolled from its functor. Beside it runs the same network
as a plain `lax.scan` (for the tree: a loop over its levels), with the same parameters. Both are
compiled, checked to give equal outputs and gradients, and timed in alternation.
"""

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from rich.table import Table

from catalign._errors import InputError
from catalign._typing import PyTree
from catalign.para.agreement import check_agreement
from catalign.para.cell import AbstractCell, unroll
from catalign.para.data import BalancedTree, Items
from catalign.para.recurrent import (
    FoldingRNN,
    MealyCell,
    MooreCell,
    RecursiveNetwork,
    UnfoldingRNN,
)
from tasks import cli, display, rates

Network = Callable[[PyTree, PyTree], PyTree]


@dataclass(frozen=True, kw_only=True)
class CellFlags:
    """Times the cells against networks written out by hand.

    Attributes:
      width: The width of inputs, states and outputs.
      length: How many items, steps or leaves.
      batch: How many run at once.
      repeats: Timed pairs of turns; the median of their ratios counts.
    """

    width: int = 64
    length: int = 128
    batch: int = 32
    repeats: int = 30


@dataclass(frozen=True, kw_only=True)
class CellTime:
    """Milliseconds of one call, and the median of the ratios of turns made in pairs.

    Attributes:
      cell: The cell.
      what: "forward", or "gradient" for the value with its gradient.
      unrolled: Of the cell unrolled from its functor.
      by_hand: Of the network written out.
      ratio: The first by the second.
      same_operations: Whether both compiled programs hold the same operations, as often.
    """

    cell: str
    what: str
    unrolled: float
    by_hand: float
    ratio: float
    same_operations: bool


def scan_fold(p: PyTree, labels: jax.Array) -> jax.Array:
    """The folding RNN by hand."""

    def step(s: jax.Array, a: jax.Array) -> tuple[jax.Array, None]:
        return jnp.tanh(a @ p["W"] + s @ p["U"] + p["b"]), None

    return lax.scan(step, p["start"], labels, reverse=True)[0]


def loop_tree(p: PyTree, labels: jax.Array) -> jax.Array:
    """The recursive network by hand, for a power of two of leaves."""
    level = jax.vmap(lambda a: jnp.tanh(a @ p["W"] + p["c"]))(labels)
    merge = jax.vmap(lambda s, t: jnp.tanh(s @ p["L"] + t @ p["R"] + p["b"]))
    while level.shape[0] > 1:
        level = merge(level[0::2], level[1::2])
    return level[0]


def scan_machine(p: PyTree, state: jax.Array, inputs: jax.Array, *, sees_input: bool) -> jax.Array:
    """The Mealy or the Moore cell by hand."""

    def step(s: jax.Array, i: jax.Array) -> tuple[jax.Array, jax.Array]:
        after = jnp.tanh(i @ p["W"] + s @ p["U"] + p["b"])
        return after, (after if sees_input else s) @ p["V"] + p["c"]

    return lax.scan(step, state, inputs)[1]


def scan_stream(p: PyTree, state: jax.Array, steps: int) -> jax.Array:
    """The unfolding RNN by hand."""

    def step(s: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        return jnp.tanh(s @ p["U"] + p["b"]), s @ p["V"] + p["c"]

    return lax.scan(step, state, None, length=steps)[1]


def cases(width: int, length: int) -> Iterator[tuple[AbstractCell, Network, Network]]:
    """Each cell with its unrolled network and the one by hand, on a start state and inputs."""
    folding, tree = FoldingRNN(width, width), RecursiveNetwork(width, width)
    stream = UnfoldingRNN(width, width)
    mealy, moore = MealyCell(width, width, width), MooreCell(width, width, width)
    yield folding, lambda p, x: unroll(folding)(p, Items(x[1])), lambda p, x: scan_fold(p, x[1])
    yield tree, lambda p, x: unroll(tree)(p, BalancedTree(x[1])), lambda p, x: loop_tree(p, x[1])
    yield (
        stream,
        lambda p, x: unroll(stream, steps=length)(p, x[0]).outputs,
        lambda p, x: scan_stream(p, x[0], length),
    )
    yield (
        mealy,
        lambda p, x: unroll(mealy)(p, x).outputs,
        lambda p, x: scan_machine(p, *x, sees_input=True),
    )
    yield (
        moore,
        lambda p, x: unroll(moore)(p, x).outputs,
        lambda p, x: scan_machine(p, *x, sees_input=False),
    )


def measure_cells(flags: CellFlags) -> Iterator[CellTime]:
    """Times all cells, forwards and with gradients.

    Raises:
      InputError: A flag is below 1, or `length` is no power of two.
      AxiomError: The two networks of a cell disagree.
    """
    for name in ("width", "length", "batch", "repeats"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    if flags.length & (flags.length - 1):
        raise InputError(f"--length is {flags.length}, but the tree by hand needs a power of two.")
    keys = jax.random.split(jax.random.key(0), 3)
    shape = (flags.batch, flags.length, flags.width)
    x = (jax.random.normal(keys[0], shape[::2]), jax.random.normal(keys[1], shape))
    for cell, unrolled, by_hand in cases(flags.width, flags.length):
        params = cell.init(keys[2])
        for what, wrap in (("forward", _batched), ("gradient", _with_gradient)):
            yield _timed(type(cell).__name__, what, wrap(unrolled), wrap(by_hand), params, x, flags)


def _batched(network: Network) -> Network:
    return jax.jit(jax.vmap(network, (None, 0)))


def _with_gradient(network: Network) -> Network:
    def loss(p: PyTree, x: PyTree) -> jax.Array:
        return jnp.mean(jnp.square(jax.vmap(network, (None, 0))(p, x)))

    return jax.jit(jax.value_and_grad(loss))


def _timed(
    cell: str,
    what: str,
    unrolled: Network,
    by_hand: Network,
    params: PyTree,
    x: PyTree,
    flags: CellFlags,
) -> CellTime:
    check_agreement(
        unrolled(params, x), by_hand(params, x), law=f"unroll({cell}) = by hand", tolerance=1e-4
    )
    # One turn makes as many calls as fill a twentieth of a second, so that a switch of the
    # scheduler does not decide it.
    calls = max(1, int(0.05 / _seconds(by_hand, params, x, calls=1)))
    pairs = []
    for turn in range(flags.repeats):
        # Whichever runs second finds warm caches, so they take turns.
        order = (unrolled, by_hand) if turn % 2 else (by_hand, unrolled)
        seconds = {network: _seconds(network, params, x, calls=calls) for network in order}
        pairs.append((seconds[unrolled], seconds[by_hand]))
    ours, theirs = (1000 * statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    return CellTime(
        cell=cell,
        what=what,
        unrolled=ours,
        by_hand=theirs,
        ratio=ratio,
        same_operations=_operations(unrolled, params, x) == _operations(by_hand, params, x),
    )


def _operations(network: Any, params: PyTree, x: PyTree) -> Counter[str]:
    """How often each operation occurs in the compiled program."""
    program = network.lower(params, x).compile().as_text()
    return Counter(re.findall(r"= \S+ ([a-z-]+)\(", program))


def _seconds(network: Network, params: PyTree, x: PyTree, *, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        jax.block_until_ready(network(params, x))
    return (time.perf_counter() - start) / calls


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(
        lambda: _measure(cli.parse(CellFlags, argv, prog="python -m tasks.bench cells"))
    )


def _measure(flags: CellFlags) -> int:
    rows = list(measure_cells(flags))
    table = Table(title=f"milliseconds a call, {rates.machine()}")
    for column in ("cell", "what", "unrolled", "by hand", "ratio", "same operations"):
        table.add_column(column, justify="left" if column in ("cell", "what") else "right")
    for row in rows:
        times = (f"{row.unrolled:.2f}", f"{row.by_hand:.2f}", f"{row.ratio:.2f}")
        table.add_row(row.cell, row.what, *times, "yes" if row.same_operations else "no")
    display.console().print(table)
    display.say(f"the largest ratio is {max(row.ratio for row in rows):.2f}")
    return 0
