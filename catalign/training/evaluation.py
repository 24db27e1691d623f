"""Scoring a reasoner: on fresh instances of any size, or on given traces."""

import enum
import functools
import math
import operator
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes, PyTree
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.check import instance_size
from catalign.algorithms.trace import Trace
from catalign.nn.reasoner import AbstractReasoner
from catalign.training.metrics import Counts, count, scores_of

_PAIRS_AT_ONCE = 2**20
_INSTANCES_AT_ONCE = 128


class Protocol(enum.Enum):
    """When a reasoner's run ends."""

    GIVEN_LENGTHS = "given_lengths"
    """After the number of steps that the algorithm takes, as in the benchmark."""
    FIXED_POINT = "fixed_point"
    """When a step changes nothing: the reasoner decides by itself."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The scores of a reasoner at one size.

    Attributes:
      size: The number of nodes of each instance.
      protocol: When runs ended.
      instances: The number of instances scored.
      micro_f1: The benchmark's score: micro-F1 of each output, averaged over outputs.
      node_exact: The share of right places of each output, averaged over outputs.
      graph_exact: The share of instances without any mistake.
      outputs: The micro-F1 of each output.
      converged: The share of runs that ended by themselves, or at their given length, before the
        limit.
      mean_steps: The mean number of steps of a run.
      seconds: How long it took, compilation included.
    """

    size: int
    protocol: Protocol
    instances: int
    micro_f1: float
    node_exact: float
    graph_exact: float
    outputs: dict[str, float]
    converged: float
    mean_steps: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The scores as values that JSON knows."""
        return {**self.__dict__, "protocol": self.protocol.value}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Evaluation":
        """The inverse of `to_dict`."""
        return cls(**{**values, "protocol": Protocol(values["protocol"])})


@dataclass(frozen=True)
class EvaluationTable:
    """The scores of a reasoner at several sizes.

    Attributes:
      rows: One evaluation for each size, in order.
    """

    rows: tuple[Evaluation, ...]

    def at(self, size: int) -> Evaluation:
        """The scores at one size.

        Raises:
          InputError: The table has no such size.
        """
        for row in self.rows:
            if row.size == size:
                return row
        raise InputError(
            f"`size` is {size}, but the table holds {', '.join(str(r.size) for r in self.rows)}."
        )

    def to_markdown(self) -> str:
        """The table in Markdown, in percent."""
        lines = [
            "| n | micro-F1 | node-exact | graph-exact | instances | steps |",
            "|---|---|---|---|---|---|",
        ]
        for r in self.rows:
            lines.append(
                f"| {r.size} | {percent(r.micro_f1)} | {percent(r.node_exact)} "
                f"| {percent(r.graph_exact)} | {r.instances} | {r.mean_steps:.1f} |"
            )
        return "\n".join(lines)


def percent(share: float) -> str:
    """A share in percent, never rounded up to 100.

    Example:
      >>> percent(0.99999), percent(1.0)
      ('99.99 %', '100.00 %')
    """
    return f"{math.floor(share * 1e4 + 1e-9) / 100:.2f} %"


def choose_batch_size(size: int) -> int:
    """How many instances of a size to run at once: at most 2**20 node pairs and 128 instances.

    Example:
      >>> choose_batch_size(16), choose_batch_size(256), choose_batch_size(2048)
      (128, 16, 1)
    """
    return max(1, min(_INSTANCES_AT_ONCE, _PAIRS_AT_ONCE // size**2))


def evaluate(
    reasoner: AbstractReasoner,
    algorithm: Algorithm,
    sizes: Sequence[int],
    *,
    key: KeyArray,
    instances: int = 32,
    batch_size: int | None = None,
    protocol: Protocol = Protocol.GIVEN_LENGTHS,
    max_steps: int | None = None,
    on_row: Callable[[Evaluation], None] | None = None,
) -> EvaluationTable:
    """Scores a reasoner on fresh instances.

    Args:
      reasoner: What to score.
      algorithm: Draws the instances and solves them.
      sizes: The sizes to score at.
      key: Where the instances come from. They do not depend on `batch_size`.
      instances: The number of instances at each size.
      batch_size: How many instances to run at once; chosen from the size if left out, so that
        memory stays bounded.
      protocol: When a run ends.
      max_steps: The longest run; if left out, the algorithm's own bound, and one more for the step
        that shows a fixed point.
      on_row: Called with each size's scores as soon as they are known.

    Returns:
      The scores, one row a size.

    Raises:
      InputError: A size or a count is out of range.
    """
    if not sizes:
        raise InputError("`sizes` is empty: give at least one size.")
    low = [size for size in sizes if size < algorithm.min_size]
    if low:
        raise InputError(
            f"`sizes` holds {low[0]}, but {algorithm.name} needs at least "
            f"{algorithm.min_size} nodes."
        )
    _check_counts(instances=instances, batch_size=batch_size, max_steps=max_steps)
    graphdef, state = nnx.split(reasoner)
    rows = []
    for size in sizes:
        extra = 1 if protocol is Protocol.FIXED_POINT else 0
        limit = max_steps or max(algorithm.max_steps(algorithm.nodes(size)) + extra, 2)
        keys = jax.random.split(jax.random.fold_in(key, size), instances)
        chunks = _chunks(keys, instances, batch_size or choose_batch_size(size))
        score = functools.partial(_score_fresh, algorithm, graphdef, size, protocol, limit, state)
        rows.append(_pool(score, chunks, size, protocol))
        if on_row is not None:
            on_row(rows[-1])
    return EvaluationTable(tuple(rows))


def evaluate_trace(
    reasoner: AbstractReasoner,
    trace: Trace,
    *,
    batch_size: int | None = None,
    protocol: Protocol = Protocol.GIVEN_LENGTHS,
    max_steps: int | None = None,
) -> Evaluation:
    """Scores a reasoner on given traces, such as a golden file's.

    Args:
      reasoner: What to score.
      trace: A batch of traces. Runs that are not complete are not scored.
      batch_size: As in `evaluate`.
      protocol: When a run ends.
      max_steps: The longest run; if left out, the longest in `trace`, and n more for a run to a
        fixed point.

    Raises:
      InputError: A count is out of range, or no run is complete.
    """
    _check_counts(batch_size=batch_size, max_steps=max_steps)
    size = instance_size(reasoner.spec, trace.inputs)
    longest = int(jnp.max(trace.lengths))
    limit = max_steps or max(longest + (size if protocol is Protocol.FIXED_POINT else 0), 2)
    first = {name: value[0] for name, value in trace.hints.items()}
    given = (trace.inputs, first, trace.outputs, trace.lengths, trace.complete)
    graphdef, state = nnx.split(reasoner)
    score = functools.partial(_score_given, graphdef, protocol, limit, state)
    instances = trace.lengths.shape[0]
    chunks = _chunks(given, instances, batch_size or choose_batch_size(size))
    return _pool(lambda chunk: score(*chunk), chunks, size, protocol)


_Result = tuple[Counts, Array, Array]


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3, 4))
def _score_fresh(
    algorithm: Algorithm,
    graphdef: nnx.GraphDef,
    size: int,
    protocol: Protocol,
    limit: int,
    state: PyTree,
    keys: Array,
) -> _Result:
    def draw(key: KeyArray) -> Probes:
        return jax.tree.map(lambda x: x[0], dict(algorithm.sample_inputs(key, 1, size)))

    inputs = jax.vmap(draw)(keys)
    trace = algorithm.traces(inputs)
    # Not `trace.hints`: without it, the compiler drops the hint buffers, which are large for edge
    # hints.
    first = jax.vmap(lambda x: algorithm.hints(x, algorithm.init(x)))(inputs)
    return _score(
        graphdef,
        protocol,
        limit,
        state,
        inputs,
        first,
        trace.outputs,
        trace.lengths,
        trace.complete,
    )


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _score_given(
    graphdef: nnx.GraphDef, protocol: Protocol, limit: int, state: PyTree, *given: PyTree
) -> _Result:
    return _score(graphdef, protocol, limit, state, *given)


def _score(
    graphdef: nnx.GraphDef,
    protocol: Protocol,
    limit: int,
    state: PyTree,
    inputs: Probes,
    first: Probes,
    outputs: Probes,
    lengths: Array,
    complete: Array,
) -> _Result:
    reasoner = nnx.merge(graphdef, state)
    given = lengths if protocol is Protocol.GIVEN_LENGTHS else None
    execution = reasoner.run(inputs, max_steps=limit, first=first, lengths=given)
    counts = count(reasoner.spec, execution.outputs, outputs, complete)
    return (
        counts,
        jnp.sum(execution.converged, dtype=jnp.int32),
        jnp.sum(execution.steps, dtype=jnp.int32),
    )


def _chunks(batch: PyTree, instances: int, batch_size: int) -> Iterator[PyTree]:
    for start in range(0, instances, batch_size):
        rows = slice(start, start + batch_size)
        yield jax.tree.map(operator.itemgetter(rows), batch)


def _pool(
    score: Callable[[PyTree], _Result], chunks: Iterator[PyTree], size: int, protocol: Protocol
) -> Evaluation:
    begin = time.perf_counter()
    pooled, converged, steps, runs = None, 0, 0, 0
    for chunk in chunks:
        counts, settled, taken = jax.device_get(score(chunk))
        pooled = counts.on_host() if pooled is None else pooled + counts.on_host()
        converged, steps = converged + int(settled), steps + int(taken)
        runs += int(jax.tree.leaves(chunk)[0].shape[0])
    assert pooled is not None
    scores = scores_of(pooled)
    return Evaluation(
        size=size,
        protocol=protocol,
        instances=scores.instances,
        micro_f1=scores.mean_micro_f1,
        node_exact=scores.mean_node_exact,
        graph_exact=scores.graph_exact,
        outputs=scores.micro_f1,
        converged=converged / runs,
        mean_steps=steps / runs,
        seconds=time.perf_counter() - begin,
    )


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and value < 1:
            raise InputError(f"`{name}` is {value}, but it must be at least 1.")
