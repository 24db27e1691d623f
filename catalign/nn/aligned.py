"""The aligned reasoner: a semiring state at each node, moved by learned messages."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from catalign._typing import KeyArray, Probes
from catalign.algebra.instances import lor_land, max_times
from catalign.algebra.provenance import arg_reduce, check_selective
from catalign.algebra.semiring import Semiring
from catalign.algorithms.check import instance_size
from catalign.algorithms.spec import Kind, Location, Probe, Spec
from catalign.alignment.node_centric import seeded_network
from catalign.integral.graph import SparseGraph
from catalign.integral.network import Network
from catalign.integral.sweep import sweep
from catalign.nn.constant import Constants
from catalign.nn.prediction import Execution, Predictions
from catalign.nn.reasoner import AbstractReasoner
from catalign.nn.requirement import check_alignable, edge_mask
from catalign.polynomial import library

State = tuple[Array, Array]
Pullback = Callable[[Array], Array]

_ROUNDING = 0.05
_FIRST_UNIT = {lor_land: 2.0, max_times: 1.0}
"""The constant that learning starts near, if not 0: a message of zero would end all learning."""


class AlignedReasoner(AbstractReasoner):
    """Runs diagram (6) of paper 1 in a semiring, with learned messages, seeds and readouts.

    Maths: from `x_v = sum over p of [p(v)] . c_p`, it iterates
    `x_v <- x_v + sum over edges u -> v of x_u . m(u, v)` in the semiring, where

    - `[p(v)]` maps a node mask p into the semiring: false to zero, true to one;
    - the edges are where the spec's one edge mask holds;
    - the message `m(u, v)` is a learned affine function of the edge scalars, of the node scalars at
      both ends and of the graph scalars, and the seed `c_p` one of the node and graph scalars (in
      the Boolean semiring: whether it is positive).

    Decoded are: a scalar, the value of `x` (a learned constant where `x` is zero); a mask, whether
    `x` is nonzero, through a learned affine map; a pointer, the sender that last improved `x`, the
    first among equals.

    What is given is the wiring and the semiring. Which mask is the source, that a message adds the
    weight once and nothing else, is learned: from another algorithm's traces, another rule is.

    Args:
      spec: What it reads and gives: node scalars, masks and pointers, on a graph with one edge
        mask.
      semiring: One with a selective addition.
      rngs: Parameter keys.

    Raises:
      SortError: The spec has a probe that lives on another sort, or that this wiring cannot give.
      UnsupportedError: The semiring blends its terms.

    Source: Dudzik & Velickovic 2022, arXiv 2203.15544, equation (6).
    """

    diagram = library.bellman_ford

    def __init__(self, spec: Spec, semiring: Semiring, *, rngs: nnx.Rngs) -> None:
        check_selective(semiring)
        check_alignable(spec, self.diagram)
        self.spec = spec
        self.semiring = semiring
        self.scalars = tuple(p for p in spec.inputs if p.kind is Kind.SCALAR)
        self.seeds = tuple(p.name for p in spec.inputs if _is_seed(p))
        node, edge, graph = (
            [p.name for p in self.scalars if p.location is at]
            for at in (Location.NODE, Location.EDGE, Location.GRAPH)
        )
        ends = [f"{name}[{end}]" for name in node for end in "uv"]
        unit = _FIRST_UNIT.get(semiring, 0.0)
        on_edge = ("1", *(f"{name}[u,v]" for name in edge), *ends, *graph)
        self.message = Constants(on_edge, unit=unit, rngs=rngs)
        at_seed = ("1", *(f"{name}[v]" for name in node), *graph)
        self.seed = nnx.Dict(
            {name: Constants(at_seed, unit=unit, rngs=rngs) for name in self.seeds}
        )
        shown = spec.hints + spec.outputs
        named = {kind: tuple(p.name for p in shown if p.kind is kind) for kind in Kind}
        self.blank = Constants(named[Kind.SCALAR], rngs=rngs)
        self.slope = Constants(named[Kind.MASK], mean=2.0, rngs=rngs)
        self.offset = Constants(named[Kind.MASK], rngs=rngs)
        self.sharpness = Constants(named[Kind.POINTER], mean=5.0, rngs=rngs)

    @property
    def arithmetic(self) -> Semiring:
        """The given semiring; in place of the Boolean one, its relaxation to [0, 1]."""
        return max_times if self.semiring == lor_land else self.semiring

    def __call__(
        self,
        inputs: Probes,
        hints: Probes,
        lengths: Array,
        *,
        steps: int,
        teacher_forcing: float | Array = 0.0,
        key: KeyArray | None = None,
    ) -> Predictions:
        """See `AbstractReasoner`. It reads no hints, so that `teacher_forcing` changes nothing."""
        messages = jax.vmap(self._dense_messages)(inputs)
        step = jax.vmap(self._dense_step)

        def advance(state: State, t: Array) -> tuple[State, Probes]:
            moved = step(*state, messages)
            goes_on = (lengths > t + 1) | (t == 0)
            state = _where(goes_on, moved, state)
            return state, self._show(self.spec.hints, *state)

        start = jax.vmap(self._dense_start)(inputs)
        state, shown = jax.lax.scan(advance, start, jnp.arange(max(steps - 1, 1)))
        hints_shown = {name: value[: steps - 1] for name, value in shown.items()}
        return Predictions(hints_shown, self._show(self.spec.outputs, *state))

    def run(
        self,
        inputs: Probes,
        *,
        max_steps: int,
        first: Probes | None = None,
        lengths: Array | None = None,
    ) -> Execution:
        """See `AbstractReasoner`. The seeds make the first state: `first` changes nothing."""
        messages = jax.vmap(self._dense_messages)(inputs)
        step = jax.vmap(self._dense_step)
        start = jax.vmap(self._dense_start)(inputs)
        limit = max_steps if lengths is None else jnp.clip(lengths, 2, max_steps)
        state, taken, settled = _iterate(
            lambda state: step(*state, messages), start, limit, until_settled=lengths is None
        )
        converged = settled if lengths is None else lengths <= max_steps
        return self._execution(state, taken, converged)

    def run_sparse(
        self, inputs: Probes, graph: SparseGraph, *, max_steps: int | Array
    ) -> Execution:
        """Runs one instance on a sparse graph to a fixed point, without an n x n array.

        A round sends only what changed in the one before (see `catalign.integral.sweep`).

        Args:
          inputs: Node probes `[n]` (a mask_one as an index), edge scalars `[e]` in the order of the
            graph's edges, graph scalars `[]`. The edge mask is the graph itself and is left out.
          graph: The edges.
          max_steps: The limit on steps; n + 1 suffices where no cycle improves a state. It may
            be traced.

        Returns:
          The execution, without a batch axis.
        """
        senders, receivers = graph.senders, graph.receivers
        messages = self._messages(inputs, lambda f: f[senders], lambda f: f[receivers])
        x, pi = self._start(inputs, graph.n_node)
        run = sweep(self.arithmetic, graph, messages, x, pi, max_states=max_steps)
        return self._execution((run.values, run.senders), run.taken, run.settled)

    def network(self, inputs: Probes, graph: SparseGraph) -> Network:
        """The reasoner on one instance as a network of events, for the asynchronous executor.

        Its nodes are cocycles and its edges homomorphisms whatever was learned, so that it may run
        in any order. If it ends, it ends in the values of `run_sparse`.

        Args:
          inputs: As for `run_sparse`.
          graph: The edges.
        """
        senders, receivers = graph.senders, graph.receivers
        weights = self._messages(inputs, lambda f: f[senders], lambda f: f[receivers])
        weights = jnp.broadcast_to(weights, senders.shape)
        first, _ = self._start(inputs, graph.n_node)
        return seeded_network(self.arithmetic, graph, weights, first=first)

    def harden(self) -> "AlignedReasoner":
        """A copy with every constant that is near an integer rounded to it.

        In the Boolean semiring only signs count, so that nothing needs rounding.
        """
        if self.semiring == lor_land:
            return self
        copy = nnx.clone(self)
        copy.message = copy.message.rounded(_ROUNDING)
        copy.seed = nnx.Dict({name: copy.seed[name].rounded(_ROUNDING) for name in self.seeds})
        copy.blank = copy.blank.rounded(_ROUNDING)
        return copy

    def describe(self) -> str:
        """The learned rule, in the paper's terms."""
        chart = "[{} > 0]" if self.semiring == lor_land else "({})"
        seeds = " + ".join(
            f"[v in {name}] . {chart.format(self.seed[name].describe())}" for name in self.seeds
        )
        message = chart.format(self.message.describe())
        return (
            f"in the semiring {self.semiring.name}, where + is {self.semiring.add.name} "
            f"and . is {self.semiring.multiply.name}:\n"
            f"  x[v] := {seeds}\n"
            f"  repeat x[v] := x[v] + sum over edges u -> v of x[u] . {message}"
        )

    def _messages(self, inputs: Probes, at_sender: Pullback, at_receiver: Pullback) -> Array:
        """The learned message of every edge, from the scalars of each role, pulled back."""
        features = self._unit()
        for probe in self.scalars:
            value = inputs[probe.name].astype(features["1"].dtype)
            match probe.location:
                case Location.NODE:
                    features[f"{probe.name}[u]"] = at_sender(value)
                    features[f"{probe.name}[v]"] = at_receiver(value)
                case Location.EDGE:
                    features[f"{probe.name}[u,v]"] = value
                case Location.GRAPH:
                    features[probe.name] = value
        return self._chart(self.message(features))

    def _start(self, inputs: Probes, n: int) -> State:
        """The seeded state, where every pointer points to its own node."""
        features = self._unit()
        for probe in self.scalars:
            if probe.location is not Location.EDGE:
                name = f"{probe.name}[v]" if probe.location is Location.NODE else probe.name
                features[name] = inputs[probe.name].astype(features["1"].dtype)
        semiring, nodes = self.arithmetic, jnp.arange(n, dtype=jnp.int32)
        x = jnp.full(n, semiring.zero, features["1"].dtype)
        for name in self.seeds:
            is_seed = (
                nodes == inputs[name] if self.spec[name].kind is Kind.MASK_ONE else inputs[name]
            )
            value = jnp.broadcast_to(self._chart(self.seed[name](features)), n)
            x = semiring.add.op(x, jnp.where(is_seed, value, semiring.zero))
        return x, nodes

    def _dense_messages(self, inputs: Probes) -> Array:
        messages = self._messages(inputs, lambda f: f[:, None], lambda f: f[None, :])
        return jnp.where(inputs[edge_mask(self.spec.inputs).name], messages, self.arithmetic.zero)

    def _dense_start(self, inputs: Probes) -> State:
        return self._start(inputs, instance_size(self.spec, inputs))

    def _dense_step(self, x: Array, pi: Array, messages: Array) -> State:
        sent = self.arithmetic.multiply.op(jnp.broadcast_to(x[:, None], messages.shape), messages)
        return self._improve(x, pi, *arg_reduce(self.arithmetic, sent, 0))

    def _improve(self, x: Array, pi: Array, best: Array, sender: Array) -> State:
        """Adds what arrived. A pointer moves only where the sum is new: keeping comes first."""
        total = self.arithmetic.add.op(x, best)
        return total, jnp.where(total != x, sender, pi)

    def _show(self, probes: tuple[Probe, ...], x: Array, pi: Array) -> dict[str, Array]:
        """Raw predictions, from states with any leading axes."""
        shown = {}
        for probe in probes:
            match probe.kind:
                case Kind.SCALAR | Kind.MASK:
                    shown[probe.name] = self._value(probe, x)
                case _:
                    sharpness = self.sharpness[probe.name].astype(x.dtype)
                    shown[probe.name] = sharpness * jax.nn.one_hot(pi, x.shape[-1], dtype=x.dtype)
        return shown

    def _value(self, probe: Probe, x: Array) -> Array:
        is_nonzero = x != self.arithmetic.zero
        if probe.kind is Kind.SCALAR:
            return jnp.where(is_nonzero, x, self.blank[probe.name].astype(x.dtype))
        support = x if self.semiring == lor_land else is_nonzero.astype(x.dtype)
        slope, offset = (
            self.slope[probe.name].astype(x.dtype),
            self.offset[probe.name].astype(x.dtype),
        )
        return slope * (2 * support - 1) + offset

    def _execution(self, state: State, taken: Array, converged: Array) -> Execution:
        x, pi = state

        def hard(probe: Probe) -> Array:
            match probe.kind:
                case Kind.SCALAR:
                    return self._value(probe, x)
                case Kind.MASK:
                    return self._value(probe, x) > 0
                case _:
                    return pi

        outputs, hints = (
            {p.name: hard(p) for p in probes} for probes in (self.spec.outputs, self.spec.hints)
        )
        return Execution(outputs, hints, taken, converged)

    def _chart(self, value: Array) -> Array:
        """Maps real numbers into the semiring's values."""
        return _is_positive(value) if self.semiring == lor_land else value

    def _unit(self) -> dict[str, Array]:
        return {"1": jnp.ones((), jax.dtypes.canonicalize_dtype(float))}


def _is_positive(value: Array) -> Array:
    """One where positive, else zero, with the gradient of the sigmoid (straight through)."""
    soft = jax.nn.sigmoid(value)
    return soft + jax.lax.stop_gradient((value > 0).astype(soft.dtype) - soft)


def _is_seed(probe: Probe) -> bool:
    return probe.location is Location.NODE and probe.kind in (Kind.MASK, Kind.MASK_ONE)


def _where(mask: Array, new: State, old: State) -> State:
    return jnp.where(mask[:, None], new[0], old[0]), jnp.where(mask[:, None], new[1], old[1])


def _iterate(
    step: Callable[[State], State], start: State, limit: int | Array, *, until_settled: bool
) -> tuple[State, Array, Array]:
    """Steps each instance until it shows `limit` states, or a step changes nothing."""

    def goes_on(settled: Array, taken: Array) -> Array:
        return ~settled & (taken < limit)

    def advance(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
        state, settled, taken = carry
        active = goes_on(settled, taken)
        moved = _where(active, step(state), state)
        if until_settled:
            settled = settled | jnp.all(moved[0] == state[0], axis=-1) & active
        return moved, settled, taken + active.astype(jnp.int32)

    batch = start[0].shape[0]
    first = (start, jnp.zeros(batch, bool), jnp.ones(batch, jnp.int32))
    state, settled, taken = jax.lax.while_loop(
        lambda c: jnp.any(goes_on(c[1], c[2])), advance, first
    )
    return state, taken, settled
