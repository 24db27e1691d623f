"""The encode-process-decode reasoner of the benchmark, over any processor."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from catalign._errors import InputError
from catalign._typing import KeyArray, Probes, PyTree
from catalign.algorithms.check import instance_size
from catalign.algorithms.spec import Probe, Spec
from catalign.integral.graph import DenseGraph
from catalign.nn import adjoint
from catalign.nn import structure as structures
from catalign.nn.configured import Configured
from catalign.nn.decoder import make_decoder
from catalign.nn.encoder import Encoder, Latent
from catalign.nn.option import DEFAULT, ConstantHints, Feedback, Options, Precision
from catalign.nn.prediction import Execution, Predictions, harden, harden_all, read, soften
from catalign.nn.processor import AbstractProcessor, Pairs, PointerGraph, Structure
from catalign.nn.reasoner import AbstractReasoner
from catalign.nn.requirement import check_expressible, edge_mask
from catalign.polynomial.sort import E, V

Carry = TypeVar("Carry")


class ProcessorCall(NamedTuple):
    """What a processor is called with, for one instance at one step."""

    node: Array
    edge: Any
    graph: Array
    structure: Structure


_SMALL = 2**21
"""The most values that a field on node pairs may have, over a batch, for one step of it to leave a
GPU idle."""

_MANY = 2**25
"""How many such values those steps have together whose gradients are taken at once on a GPU."""

_PRECISIONS = {Precision.FULL: None, Precision.HALF: "BF16_BF16_F32"}


class NeuralReasoner(AbstractReasoner):
    """Encode, process, decode: a latent state at each node, moved by one learned layer.

    Maths: `z_t = enc(inputs) + enc(hints_t)`, `h_{t+1}, e_{t+1} = process(z_t, h_t)`,
    `hints_{t+1} = dec(z_t, h_t, h_{t+1}, e_{t+1})`, with e only where the processor's diagram
    writes one on `V*V`.

    Without hint probes, or with hints that are not encoded, only `h` carries the state. Constant
    hints that count as inputs are read at step 0, and not predicted.

    Args:
      spec: What it reads and gives.
      processor: Its processor, a class or one with options, called as
        `processor(node_width, width, rngs=rngs)`.
      width: The width of all latent fields.
      options: How probes are read and predicted.
      rngs: Parameter keys.

    Raises:
      InputError: The processor declares no diagram.
      SortError: The processor's diagram cannot express the spec; the message names one that can.

    Source: Velickovic et al. 2022, arXiv 2205.15659, section 3; Ibarz et al. 2022, arXiv
    2209.11142.
    """

    def __init__(
        self,
        spec: Spec,
        processor: type[AbstractProcessor] | Configured,
        width: int,
        *,
        options: Options = DEFAULT,
        rngs: nnx.Rngs,
    ) -> None:
        chosen = processor if isinstance(processor, Configured) else Configured(processor)
        self.spec = spec
        self.options = options
        moved = options.constant_hints is ConstantHints.INPUTS
        self.constants = tuple(p for p in spec.hints if moved and p.constant)
        changing = tuple(p for p in spec.hints if p not in self.constants)
        self.inputs = spec.inputs + self.constants
        self.encoded_hints = changing if options.hints.encodes else ()
        self.hints = changing if options.hints.decodes else ()
        self.diagram, self.pairs = chosen.processor.diagram, chosen.processor.pairs
        read_probes = self.inputs + self.encoded_hints
        shown = (*self.hints, *spec.outputs)
        check_expressible(
            dict.fromkeys((*read_probes, *shown)), self.diagram, options.edge_pointers
        )
        self.width = width
        self.encode_inputs = Encoder(self.inputs, width, pointers=options.pointers, rngs=rngs)
        self.encode_hints = Encoder(
            self.encoded_hints,
            width,
            pointers=options.pointers,
            scalar_start=options.scalar_start,
            rngs=rngs,
        )
        self.processor = chosen(2 * width, width, rngs=rngs)
        edge = 2 * width if V * V in self.diagram.codomain else width
        self.decoders = nnx.Dict(
            {
                p.name: make_decoder(
                    p, 3 * width, width, edge=edge, edge_pointers=options.edge_pointers, rngs=rngs
                )
                for p in shown
            }
        )

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
        """See `AbstractReasoner`. Hints are fed back as the options say."""
        with jax.default_matmul_precision(_PRECISIONS[self.options.precision]):
            return self._supervised(
                inputs, hints, lengths, steps=steps, teacher_forcing=teacher_forcing, key=key
            )

    def _supervised(
        self,
        inputs: Probes,
        hints: Probes,
        lengths: Array,
        *,
        steps: int,
        teacher_forcing: float | Array,
        key: KeyArray | None,
    ) -> Predictions:
        n, moves = instance_size(self.spec, inputs), max(steps - 1, 1)
        first = {p.name: hints[p.name][0] for p in self.constants}
        encoded, given = self._encode({**inputs, **first}, n)
        truth = {p.name: hints[p.name][:moves] for p in self.encoded_hints}
        hard = self.options.feedback is Feedback.HARD
        chance = jnp.full((moves, lengths.shape[0]), teacher_forcing)
        coins = chance >= 1 if key is None else jax.random.bernoulli(key, chance)
        coins = coins.at[0].set(True)

        def advance(carry: PyTree, now: PyTree) -> PyTree:
            hidden, guess = carry
            t, forced, hint = now
            seen = _where(forced, self._read(hint, n), guess)
            latent, moved = self._step(encoded, given, hidden, seen, n)
            raw = self._decode(self.hints, latent, hidden, moved)
            # A finished run keeps what its last step reads: outputs are decoded from it, once,
            # below.
            after = (moved, self._feed(raw, n, hard=hard))
            return _where(lengths > t + 2, after, (hidden, seen)), raw

        blank = self._blank(lengths.shape[0], n)
        start = (blank, self._read({name: value[0] for name, value in truth.items()}, n))
        xs = (jnp.arange(moves), coins, truth)
        values = lengths.shape[0] * n * n * self.width
        if jax.default_backend() == "gpu" and 0 < values <= _SMALL:
            (hidden, seen), raw = adjoint.scan(advance, start, xs, block=_MANY // values)
        else:
            # Steps are computed again backwards: keeping what they compute takes more time than
            # that, and memory for each of them.
            again = jax.checkpoint(advance, prevent_cse=False)
            (hidden, seen), raw = jax.lax.scan(again, start, xs)
        latent, moved = self._step(encoded, given, hidden, seen, n)
        return Predictions(
            {name: value[: steps - 1] for name, value in raw.items()},
            self._decode(self.spec.outputs, latent, hidden, moved),
        )

    def run(
        self,
        inputs: Probes,
        *,
        max_steps: int,
        first: Probes | None = None,
        lengths: Array | None = None,
    ) -> Execution:
        """See `AbstractReasoner`. Hints are fed back as the options say; results are hard."""
        with jax.default_matmul_precision(_PRECISIONS[self.options.precision]):
            return self._run(inputs, max_steps=max_steps, first=first, lengths=lengths)

    def _run(
        self, inputs: Probes, *, max_steps: int, first: Probes | None, lengths: Array | None
    ) -> Execution:
        hard = self.options.feedback is not Feedback.SOFT
        n = instance_size(self.spec, inputs)
        first = self._first(first)
        constants = {p.name: first[p.name] for p in self.constants}
        encoded, given = self._encode({**inputs, **constants}, n)
        batch = encoded[0][0].shape[0]
        limit = jnp.full(batch, max_steps) if lengths is None else jnp.minimum(lengths, max_steps)
        probes = (*self.hints, *self.spec.outputs)

        def move(hidden: Array, seen: Probes) -> PyTree:
            latent, moved = self._step(encoded, given, hidden, seen, n)
            raw = self._decode(probes, latent, hidden, moved)
            return (
                moved,
                self._feed(raw, n, hard=hard),
                harden_all(probes, raw),
            )

        def running(carry: PyTree) -> Array:
            _, settled, taken = carry
            return jnp.any(~settled & (taken < limit))

        def advance(carry: PyTree) -> PyTree:
            state, settled, taken = carry
            goes_on = ~settled & (taken < limit)
            hidden, seen, shown = state
            new = move(hidden, seen)
            unchanged = _same(new[2], shown) if lengths is None else jnp.zeros(batch, bool)
            return (
                _where(goes_on, new, state),
                settled | unchanged,
                taken + goes_on.astype(taken.dtype),
            )

        seen = self._read({p.name: first[p.name] for p in self.encoded_hints}, n)
        state = move(self._blank(batch, n), seen)
        # The hints at step 0 and those that the first move gave make two steps.
        carry = (state, jnp.zeros(batch, bool), jnp.full(batch, 2, jnp.int32))
        (_, _, shown), settled, taken = jax.lax.while_loop(running, advance, carry)
        return Execution(
            {p.name: shown[p.name] for p in self.spec.outputs},
            {p.name: shown[p.name] for p in self.hints},
            taken,
            settled if lengths is None else lengths <= max_steps,
        )

    def _first(self, first: Probes | None) -> Probes:
        """The hints at step 0, checked to be all that a run reads."""
        given = {} if first is None else first
        read_first = (*self.constants, *self.encoded_hints)
        missing = [p.name for p in read_first if p.name not in given]
        if missing:
            raise InputError(
                f"`first` lacks {', '.join(missing)}: this reasoner reads the hints at step 0. "
                "Give those of the algorithm, `algorithm.hints(inputs, algorithm.init(inputs))`."
            )
        return given

    def fold_steps(
        self,
        visit: Callable[[Carry, ProcessorCall, Array, Array], Carry],
        start: Carry,
        inputs: Probes,
        first: Probes,
        *,
        steps: int,
    ) -> Carry:
        """Runs one instance, and shows a function what its processor reads at each step.

        Args:
          visit: `visit(carry, call, moved, t)`: what to carry on, from what the processor is called
            with at step t and the new hidden field.
          start: What to carry into the first step.
          inputs: The inputs of one instance, without a batch axis.
          first: Its hints at step 0.
          steps: How many steps to make.

        Returns:
          What was carried out of the last step.
        """
        hard = self.options.feedback is not Feedback.SOFT
        n = instance_size(self.spec, jax.tree.map(lambda x: x[None], inputs))
        read_once = {**inputs, **{p.name: first[p.name] for p in self.constants}}
        (own, shared), given = self._encode(jax.tree.map(lambda x: x[None], read_once), n)
        encoded = Latent.join(jax.tree.map(lambda x: x[0], own), shared)
        given = jax.tree.map(lambda x: x[0], given)

        def advance(carry: PyTree, t: Array) -> tuple[PyTree, None]:
            hidden, seen, held = carry
            latent, call = self._call(encoded, given, hidden, seen, n)
            latent, moved = _beside(latent, self.processor(*call))
            held = visit(held, call, moved, t)
            own, shared = latent.split()
            rows = (jax.tree.map(lambda x: x[None], own), shared)
            raw = self._decode(self.hints, rows, hidden[None], moved[None])
            after = jax.tree.map(lambda x: x[0], self._feed(raw, n, hard=hard))
            return (moved, after, held), None

        seen = self._read({p.name: first[p.name] for p in self.encoded_hints}, n)
        begin = (self._blank(1, n)[0], seen, start)
        with jax.default_matmul_precision(_PRECISIONS[self.options.precision]):
            (_, _, held), _ = jax.lax.scan(advance, begin, jnp.arange(steps))
        return held

    def _read(self, hints: Probes, n: int) -> Probes:
        return {p.name: read(p, hints[p.name], n, _dtype()) for p in self.encoded_hints}

    def _feed(self, raw: Probes, n: int, *, hard: bool) -> Probes:
        """The features of predicted hints that the next step reads."""
        if not hard:
            return {p.name: soften(p, raw[p.name]) for p in self.encoded_hints}
        return jax.lax.stop_gradient(
            {p.name: read(p, harden(p, raw[p.name]), n, _dtype()) for p in self.encoded_hints}
        )

    def _blank(self, batch: int, n: int) -> Array:
        return jnp.zeros((batch, n, self.width), _dtype())

    def _encode(self, inputs: Probes, n: int) -> tuple[PyTree, Structure | None]:
        """Encodes what is read once, and finds the graph that it alone makes.

        The fields come as `Latent.split` gives them, with a batch axis on the first part. The graph
        is None where it is the complete one: `_structure` makes that as a constant, which the
        compiler sees through.
        """
        features = {p.name: read(p, inputs[p.name], n, _dtype()) for p in self.inputs}
        encoded = jax.vmap(lambda f: self.encode_inputs(f, n).split(), out_axes=(0, None))(features)
        if E in self.diagram.domain:
            mask = inputs[edge_mask(self.spec.inputs).name].astype(bool)
            return encoded, jax.vmap(structures.edges_of)(mask)
        probes = self.inputs
        if self.diagram.pointers:
            found = jax.vmap(lambda f: structures.pointers(probes, f, n))(features)
            return encoded, PointerGraph(pointers=found, n_node=n)
        if self.pairs is Pairs.RELATED:
            return encoded, DenseGraph(
                mask=jax.vmap(lambda f: structures.related(probes, f, n))(features)
            )
        return encoded, None

    def _structure(self, given: Structure | None, seen: Probes, n: int) -> Structure:
        """The graph of one instance at one step: that of its inputs, and what its hints add."""
        if given is None:
            return DenseGraph.complete(n)
        if isinstance(given, PointerGraph):
            more = structures.pointers(self.encoded_hints, seen, n)
            return PointerGraph(pointers=jnp.concatenate([given.pointers, more]), n_node=n)
        if isinstance(given, DenseGraph) and self.pairs is Pairs.RELATED:
            return DenseGraph(mask=given.mask | structures.related(self.encoded_hints, seen, n))
        return given

    def _step(
        self, encoded: PyTree, given: Structure | None, hidden: Array, seen: Probes, n: int
    ) -> tuple[PyTree, Array]:
        """Moves a batch. With the new node fields come the fields that decoders read."""
        own, shared = encoded

        def one(own: PyTree, given: Structure | None, hidden: Array, seen: Probes) -> PyTree:
            latent, call = self._call(Latent.join(own, shared), given, hidden, seen, n)
            moved = self.processor(*call)
            latent, hidden = _beside(latent, moved)
            return latent.split(), hidden

        return jax.vmap(one, out_axes=((0, None), 0))(own, given, hidden, seen)

    def _call(
        self, latent: Latent, given: Structure | None, hidden: Array, seen: Probes, n: int
    ) -> tuple[Latent, ProcessorCall]:
        """The latent fields of one instance at one step, and what the processor is called with."""
        if self.encoded_hints:
            latent = latent + self.encode_hints(seen, n)
        structure = self._structure(given, seen, n)
        edge: Any = latent.edge if self.processor.reads_pair_field else latent.edge.array()
        if not isinstance(structure, (DenseGraph, PointerGraph)):
            edge = edge[structure.senders, structure.receivers]
        node = jnp.concatenate([latent.node, hidden], axis=-1)
        return latent, ProcessorCall(node, edge, latent.graph, structure)

    def _decode(
        self, probes: tuple[Probe, ...], latent: PyTree, hidden: Array, moved: Array
    ) -> dict[str, Array]:
        own, shared = latent
        node = jnp.concatenate([own[0], hidden, moved], axis=-1)

        def decode(decoder: Any) -> Array:
            return jax.vmap(lambda v, own: decoder(v, Latent.join(own, shared)))(node, own)

        return {p.name: decode(self.decoders[p.name]) for p in probes}


def _beside(latent: Latent, moved: Any) -> tuple[Latent, Array]:
    """The fields that decoders read: beside the pair field that of a processor, if it gives one."""
    if not isinstance(moved, tuple):
        return latent, moved
    return Latent(latent.node, latent.edge.beside(moved[1]), latent.graph), moved[0]


def _dtype() -> jnp.dtype:
    return jax.dtypes.canonicalize_dtype(float)


def _where(mask: Array, new: PyTree, old: PyTree) -> PyTree:
    """Chooses between two pytrees for each instance of a batch."""
    return jax.tree.map(
        lambda a, b: jnp.where(mask.reshape(-1, *(1,) * (a.ndim - 1)), a, b), new, old
    )


def _same(new: Probes, old: Probes) -> Array:
    """Whether stored values agree, instance by instance; scalars to one in a million."""

    def agree(a: Array, b: Array) -> Array:
        close = (
            jnp.isclose(a, b, rtol=1e-6, atol=1e-6)
            if jnp.issubdtype(a.dtype, jnp.floating)
            else a == b
        )
        return jnp.all(close.reshape(close.shape[0], -1), axis=1)

    return jnp.all(jnp.stack([agree(new[name], old[name]) for name in new]), axis=0)
