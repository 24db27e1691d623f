"""The encode-process-decode reasoner of the benchmark, over any processor."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from catalign._typing import KeyArray, Probes, PyTree
from catalign.algorithms.check import instance_size
from catalign.algorithms.spec import Probe, Spec
from catalign.integral.graph import DenseGraph, SparseGraph
from catalign.nn.decoder import make_decoder
from catalign.nn.encoder import Encoder, Latent
from catalign.nn.prediction import Execution, Predictions, harden_all, read, soften
from catalign.nn.processor import AbstractProcessor
from catalign.nn.reasoner import AbstractReasoner
from catalign.nn.requirement import check_expressible, edge_mask
from catalign.polynomial.sort import E


class NeuralReasoner(AbstractReasoner):
    """Encode, process, decode: a latent state at each node, moved by one learned layer.

    Maths: `z_t = enc(inputs) + enc(hints_t)`, `h_{t+1} = process(z_t, h_t)`,
    `hints_{t+1} = dec(z_t, h_t, h_{t+1})`.

    Without hint probes, or with `with_hints=False`, only `h` carries the state.

    Args:
      spec: What it reads and gives.
      processor: The class of its processor, called as `processor(node_width, width, rngs=rngs)`.
      width: The width of all latent fields.
      with_hints: Whether it reads and predicts hints.
      rngs: Parameter keys.

    Raises:
      SortError: The processor's diagram cannot express the spec; the message names one that can.

    Source: Velickovic et al. 2022, arXiv 2205.15659, section 3; Ibarz et al. 2022, arXiv
    2209.11142.
    """

    def __init__(
        self,
        spec: Spec,
        processor: type[AbstractProcessor],
        width: int,
        *,
        with_hints: bool = True,
        rngs: nnx.Rngs,
    ) -> None:
        self.spec = spec
        self.hints = spec.hints if with_hints else ()
        self.diagram = processor.diagram
        check_expressible(spec.inputs + self.hints + spec.outputs, self.diagram)
        self.width = width
        self.encode_inputs = Encoder(spec.inputs, width, rngs=rngs)
        self.encode_hints = Encoder(self.hints, width, rngs=rngs)
        self.processor = processor(2 * width, width, rngs=rngs)
        self.decoders = nnx.Dict(
            {
                p.name: make_decoder(p, 3 * width, width, rngs=rngs)
                for p in (*self.hints, *spec.outputs)
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
        """See `AbstractReasoner`. Hints are fed back soft, so that gradients flow in time."""
        n, moves = instance_size(self.spec, inputs), max(steps - 1, 1)
        encoded, structure = self._encode(inputs, n)
        truth = {p.name: hints[p.name][:moves] for p in self.hints}
        chance = jnp.full((moves, lengths.shape[0]), teacher_forcing)
        coins = chance >= 1 if key is None else jax.random.bernoulli(key, chance)
        coins = coins.at[0].set(True)

        def advance(carry: PyTree, now: PyTree) -> PyTree:
            hidden, guess = carry
            t, forced, hint = now
            seen = _where(forced, self._read(hint, n), guess)
            latent, moved = self._step(encoded, structure, hidden, seen, n)
            raw = self._decode(self.hints, latent, hidden, moved)
            # A finished run keeps what its last step reads: outputs are decoded from it, once,
            # below.
            after = (moved, {p.name: soften(p, raw[p.name]) for p in self.hints})
            return _where(lengths > t + 2, after, (hidden, seen)), raw

        blank = self._blank(lengths.shape[0], n)
        start = (blank, self._read({name: value[0] for name, value in truth.items()}, n))
        (hidden, seen), raw = jax.lax.scan(advance, start, (jnp.arange(moves), coins, truth))
        latent, moved = self._step(encoded, structure, hidden, seen, n)
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
        """See `AbstractReasoner`. Hints are fed back soft, as in training; results are hard."""
        n = instance_size(self.spec, inputs)
        encoded, structure = self._encode(inputs, n)
        batch = encoded.node.shape[0]
        limit = jnp.full(batch, max_steps) if lengths is None else jnp.minimum(lengths, max_steps)
        probes = (*self.hints, *self.spec.outputs)

        def move(hidden: Array, seen: Probes) -> PyTree:
            latent, moved = self._step(encoded, structure, hidden, seen, n)
            raw = self._decode(probes, latent, hidden, moved)
            return (
                moved,
                {p.name: soften(p, raw[p.name]) for p in self.hints},
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

        seen = self._read({p.name: (first or {})[p.name] for p in self.hints}, n)
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

    def _read(self, hints: Probes, n: int) -> Probes:
        dtype = jax.dtypes.canonicalize_dtype(float)
        return {p.name: read(p, hints[p.name], n, dtype) for p in self.hints}

    def _blank(self, batch: int, n: int) -> Array:
        return jnp.zeros((batch, n, self.width), jax.dtypes.canonicalize_dtype(float))

    def _encode(self, inputs: Probes, n: int) -> tuple[Latent, DenseGraph | SparseGraph]:
        """Encodes the inputs of a batch, and finds the graph that interprets the sorts."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        features = {p.name: read(p, inputs[p.name], n, dtype) for p in self.spec.inputs}
        encoded = jax.vmap(lambda f: self.encode_inputs(f, n))(features)
        if E not in self.diagram.domain:
            return encoded, DenseGraph(mask=jnp.ones((encoded.node.shape[0], n, n), bool))
        mask = inputs[edge_mask(self.spec.inputs).name]
        joined = mask.astype(bool) | jnp.eye(n, dtype=bool)[None]
        # Places past the last edge are padding: a receiver outside of the graph.
        senders, receivers = jax.vmap(lambda m: jnp.nonzero(m, size=n * n, fill_value=n))(joined)
        senders, receivers = senders.astype(jnp.int32), receivers.astype(jnp.int32)
        return encoded, SparseGraph(senders=senders, receivers=receivers, n_node=n)

    def _step(
        self,
        encoded: Latent,
        structure: DenseGraph | SparseGraph,
        hidden: Array,
        seen: Probes,
        n: int,
    ) -> tuple[Latent, Array]:
        def one(
            encoded: Latent, structure: DenseGraph | SparseGraph, hidden: Array, seen: Probes
        ) -> PyTree:
            latent = encoded + self.encode_hints(seen, n) if self.hints else encoded
            edge = latent.edge
            if isinstance(structure, SparseGraph):
                edge = edge[structure.senders, structure.receivers]
            node = jnp.concatenate([latent.node, hidden], axis=-1)
            return latent, self.processor(node, edge, latent.graph, structure)

        return jax.vmap(one)(encoded, structure, hidden, seen)

    def _decode(
        self, probes: tuple[Probe, ...], latent: Latent, hidden: Array, moved: Array
    ) -> dict[str, Array]:
        node = jnp.concatenate([latent.node, hidden, moved], axis=-1)
        return {p.name: jax.vmap(self.decoders[p.name])(node, latent) for p in probes}


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
