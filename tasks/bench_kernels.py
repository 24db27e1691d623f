"""Measures the kernels: `python -m tasks.bench kernels`.

First the ceilings of the machine: how fast memory is copied and read, and how many operations a
second a matrix product makes. Then each op over its sizes, beside the peers that can be imported,
in alternation in one run.
"""

import functools
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from catalign._errors import CatalignError, InputError
from tasks import cli, display, kernel_cases, rates
from tasks.kernel_cases import FEATURES, Case

_COPIED = 2**26
_MATMUL = 2048
_LEAST_SECONDS = 0.05
_PEERS = ("jraph", "torch", "torch_geometric", "tropical_gemm", "graphblas")


@dataclass(frozen=True, kw_only=True)
class KernelFlags:
    """Times the kernels over sizes, beside their peers, as shares of what the machine can do.

    Attributes:
      ops: The ops, such as semiring_matmul; all if left out.
      largest: The most values of an operand; larger sizes are left out.
      sizes: Only these sizes, as the table names them; all if left out.
      repeats: Timed rounds; the best one counts, for each contestant.
      json: Write the rows to this file as well.
      plot: Draw time against size, on logarithmic axes, into this file (.png or .svg).
    """

    ops: tuple[str, ...] = ()
    largest: int = 100_000_000
    sizes: tuple[int, ...] = ()
    repeats: int = 5
    json: Path | None = None
    plot: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """What this machine can do at most.

    Attributes:
      copy_gb_s: Gigabytes (10^9) read and written a second, copying 256 MB between two arrays.
      read_gb_s: Gigabytes read a second, in a maximum over 256 MB.
      cached_read_gb_s: The same over 25.6 MB, which a cache may hold.
      matmul_gops_s: Thousand million additions and multiplications a second, in a float32 matrix
        product of 2,048 rows.
    """

    copy_gb_s: float
    read_gb_s: float
    cached_read_gb_s: float
    matmul_gops_s: float


@dataclass(frozen=True, kw_only=True)
class KernelRow:
    """One op at one size.

    Attributes:
      op: What was computed.
      size: The number of rows, edges or steps.
      first_s: Seconds of the first call, with compiling.
      ms: Milliseconds, the best of the rounds.
      gops_s: Operations of the definition, 10^9 a second.
      gb_s: Bytes of operands and results, 10^9 a second.
      percent: The time that the ceilings allow, as a share of the time taken.
      peers_ms: Milliseconds of each peer, in the same rounds.
      ratio: How many times faster than the fastest peer.
    """

    op: str
    size: int
    first_s: float
    ms: float
    gops_s: float
    gb_s: float
    percent: float
    peers_ms: dict[str, float]
    ratio: float | None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return cli.command(
        lambda: _measure(cli.parse(KernelFlags, argv, prog="python -m tasks.bench kernels"))
    )


def ceilings(copied: int = _COPIED, rows: int = _MATMUL, repeats: int = 5) -> Ceilings:
    """Measures the ceilings; the best of a few rounds.

    Args:
      copied: Numbers of 4 bytes to copy.
      rows: The size of the matrix product.
      repeats: The rounds.
    """
    copier = _copier(copied)
    copy = min(_seconds(copier) for _ in range(repeats))
    largest = jax.jit(functools.partial(jax.numpy.max, axis=0))

    def reading(size: int) -> float:
        x = jax.numpy.ones((size, FEATURES), jax.numpy.float32)
        jax.block_until_ready(largest(x))
        return 4e-9 * x.size / min(_seconds(lambda: largest(x)) for _ in range(repeats))

    a = jax.numpy.ones((rows, rows), jax.numpy.float32)
    product = jax.jit(jax.numpy.matmul)
    jax.block_until_ready(product(a, a))
    matmul = min(_seconds(lambda: product(a, a)) for _ in range(repeats))
    return Ceilings(
        copy_gb_s=8e-9 * copied / copy,
        read_gb_s=reading(copied // FEATURES),
        cached_read_gb_s=reading(copied // (10 * FEATURES)),
        matmul_gops_s=2e-9 * rows**3 / matmul,
    )


def _copier(count: int) -> Callable[[], Any]:
    """Copies numbers of 4 bytes in the memory that the kernels use."""
    if jax.default_backend() == "cpu":
        source, target = np.ones(count, np.float32), np.ones(count, np.float32)
        return lambda: np.copyto(target, source)
    held = jax.numpy.ones(count, jax.numpy.float32)
    copy = jax.jit(lambda x: -x)
    jax.block_until_ready(copy(held))
    return lambda: copy(held)


def measure(case: Case, best: Ceilings, repeats: int) -> KernelRow:
    """Times one case and its peers, in alternation.

    Args:
      case: The case.
      best: The ceilings.
      repeats: The rounds.

    Raises:
      CatalignError: A peer computes something else.
    """
    contestants = {"": case.ours, **case.peers}
    first_s = _seconds(case.ours)
    check_peers(case)
    # A short call is timed several times at once.
    counts = {
        name: max(1, min(100, math.ceil(_LEAST_SECONDS / max(_seconds(run), 1e-6))))
        for name, run in contestants.items()
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, run in contestants.items():
            times[name].append(_seconds(run, counts[name]))
    taken = {name: min(values) for name, values in times.items()}
    ours = taken.pop("")
    least = max(case.bytes / best.copy_gb_s, case.operations / best.matmul_gops_s) * 1e-9
    return KernelRow(
        op=case.op,
        size=case.size,
        first_s=round(first_s, 3),
        ms=1e3 * ours,
        gops_s=1e-9 * case.operations / ours,
        gb_s=1e-9 * case.bytes / ours,
        percent=100 * least / ours,
        peers_ms={name: 1e3 * seconds for name, seconds in taken.items()},
        ratio=min(taken.values()) / ours if taken else None,
    )


def check_peers(case: Case) -> None:
    """Raises unless all peers compute the same, up to rounding.

    Raises:
      CatalignError: One does not.
    """
    ours = jax.tree.leaves(case.ours())
    for name, run in case.peers.items():
        # A tuple, not a pytree: the arrays of other libraries are leaves that JAX may not know.
        theirs = run()
        theirs = jax.tree.leaves(theirs) if isinstance(theirs, tuple) else [theirs]
        for mine, other in zip(ours, theirs, strict=True):
            flat = np.asarray(other.detach().cpu() if hasattr(other, "cpu") else other).ravel()
            if not np.allclose(np.ravel(mine), flat, rtol=1e-3, atol=1e-4):
                raise CatalignError(f"{name} disagrees about {case.op} of size {case.size}.")


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """The slope of time against size on logarithmic axes, by least squares.

    Example:
      >>> round(exponent([10, 20, 40], [3.0, 12.0, 48.0]), 6)
      2.0
    """
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def exponents(rows: Sequence[KernelRow]) -> dict[str, float]:
    """The exponent of each op that has several sizes."""
    found = {}
    for op in dict.fromkeys(row.op for row in rows):
        points = [(row.size, row.ms) for row in rows if row.op == op]
        if len(points) > 1:
            sizes, times = zip(*points, strict=True)
            found[op] = exponent(sizes, times)
    return found


def plot(rows: Sequence[KernelRow], path: Path) -> None:
    """Draws time against size on logarithmic axes, a panel for each kernel, with fitted exponents.

    Args:
      rows: What was measured.
      path: Where to, ending in .png or .svg.
    """
    slopes = exponents(rows)
    kernels: dict[str, list[str]] = {}
    for op in dict.fromkeys(row.op for row in rows):
        kernels.setdefault(op.split()[0], []).append(op)
    columns = min(len(kernels), 3)
    lines = -(-len(kernels) // columns)
    figure = Figure(figsize=(5 * columns, 4.2 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (kernel, ops) in zip(panels, kernels.items(), strict=False):
        for op in ops:
            points = [(row.size, row.ms) for row in rows if row.op == op]
            name = op.removeprefix(kernel).strip(" ,")
            label = f"{name}: {slopes[op]:.2f}" if op in slopes else name
            axes.loglog(*zip(*points, strict=True), marker="o", markersize=3, label=label)
        sizes = sorted({row.size for row in rows if row.op in ops})
        axes.set(title=kernel, xlabel="size", ylabel="milliseconds")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.legend(fontsize="x-small", title="exponent", title_fontsize="x-small")
    for axes in panels[len(kernels) :]:
        axes.set_axis_off()
    figure.suptitle(rates.machine())
    figure.savefig(path, dpi=120)


def _measure(flags: KernelFlags) -> int:
    for name in flags.ops:
        cli.check_name("--ops", name, list(kernel_cases.OPS))
    for name in ("largest", "repeats"):
        if getattr(flags, name) < 1:
            raise InputError(f"--{name} is {getattr(flags, name)}, but it must be at least 1.")
    if flags.plot is not None and flags.plot.suffix not in (".png", ".svg"):
        raise InputError(f"--plot is {flags.plot}, but its name must end in .png or .svg.")
    absent = [name for name in _PEERS if not kernel_cases.has(name)]
    if absent:
        cli.print_note(f"Peers that cannot be imported here: {', '.join(absent)}.")
    best = ceilings()
    display.say(
        f"Ceilings: copy {best.copy_gb_s:.1f} GB/s, read {best.read_gb_s:.1f} GB/s, in cache "
        f"{best.cached_read_gb_s:.1f} GB/s, matrix product {best.matmul_gops_s:.0f} Gop/s "
        f"({rates.machine()})"
    )
    rows = list(_rows(flags, best))
    display.console().print(_table(rows))
    for op, slope in exponents(rows).items():
        display.say(f"{op}: time grows as size^{slope:.2f}")
    if flags.json is not None:
        packed = {
            "machine": rates.machine(),
            "ceilings": asdict(best),
            "rows": [asdict(row) for row in rows],
            "exponents": exponents(rows),
        }
        flags.json.write_text(json.dumps(packed, indent=1) + "\n", encoding="utf-8")
    if flags.plot is not None:
        plot(rows, flags.plot)
    return 0


def _rows(flags: KernelFlags, best: Ceilings) -> Iterator[KernelRow]:
    for case in kernel_cases.cases(flags.ops or tuple(kernel_cases.OPS), flags.largest):
        if flags.sizes and case.size not in flags.sizes:
            continue
        row = measure(case, best, flags.repeats)
        peers = "".join(f", {name} {ms:.3g}" for name, ms in row.peers_ms.items())
        cli.print_note(f"{row.op}, size {row.size}: {row.ms:.3g} ms{peers}")
        yield row


def _table(rows: list[KernelRow]) -> Table:
    table = Table(title=f"Kernels, {rates.machine()}")
    names = ("op", "size", "ms", "Gop/s", "GB/s", "% of ceiling", "peers, ms", "times best peer")
    for name in names:
        table.add_column(name, justify="left" if name in ("op", "peers, ms") else "right")
    for row in rows:
        peers = ", ".join(f"{name} {ms:.3g}" for name, ms in row.peers_ms.items()) or "-"
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        figures = (f"{value:.3g}" for value in (row.ms, row.gops_s, row.gb_s, row.percent))
        table.add_row(row.op, f"{row.size:,}", *figures, peers, ratio)
    return table


def _seconds(run: Callable[[], Any], count: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(count):
        jax.block_until_ready(run())
    return (time.perf_counter() - start) / count
