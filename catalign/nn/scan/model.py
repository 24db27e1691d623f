"""The monoid scan: letters act on a distribution over states by learned stochastic matrices."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float, Int

from catalign._errors import InputError, ShapeMismatchError, SoftEvaluationError
from catalign._typing import KeyArray
from catalign.algebra.instances import plus_times
from catalign.kernels.monoid_scan import scan_matrices
from catalign.nn.scan.word import Tie, WordType

Parameters = dict[str, Array]

_LEAST = 1e-9
"""What a probability is at least, so that its logarithm is finite."""


class MonoidScan(nnx.Module):
    """A learned transducer whose letters are stochastic matrices, composed by a scan.

    Maths: with `M(a)` the row-stochastic matrix of the letter a, the states before place i are
    distributed as `e_0 M(a_1) ... M(a_{i-1})`, and the output as that row times `W(a_i)`. A matrix
    of zeros and ones is a function on states: hardened, the layer is a homomorphism from words to
    the functions of states under composition, which a scan evaluates in logarithmic depth.

    Args:
      word_type: What it reads and writes.
      states: The size of the state set, at most: hardening drops states that are not needed.
      tie: Which letters share parameters.
      max_places: The longest words that the soft layer accepts: those it is trained on.
      rngs: Parameter keys.

    Example:
      >>> layer = MonoidScan(WordType((2,), 2), 3, tie=Tie((1,), rolled=False), max_places=4,
      ...                    rngs=nnx.Rngs(0))
      >>> layer(jnp.zeros((5, 4, 1), jnp.int32)).shape
      (5, 4, 2)
    """

    def __init__(
        self, word_type: WordType, states: int, *, tie: Tie, max_places: int, rngs: nnx.Rngs
    ) -> None:
        if states < 1:
            raise InputError(f"`states` is {states}, but a machine has at least 1.")
        self.word_type, self.tie, self.max_places = word_type, tie, max_places
        begun = initial(
            rngs.params(),
            classes=tie.classes(word_type),
            states=states,
            outputs=word_type.outputs,
            rolled=tie.rolled,
        )
        self.moves = nnx.Param(begun["moves"])
        self.writes = nnx.Param(begun["writes"])

    @property
    def states(self) -> int:
        """The size of the state set."""
        return self.moves[...].shape[-1]

    def with_parameters(self, parameters: Parameters) -> "MonoidScan":
        """A copy with these logits.

        Raises:
          ShapeMismatchError: They have other shapes.
        """
        copy = nnx.clone(self)
        for name in ("moves", "writes"):
            held, given = getattr(self, name)[...], parameters[name]
            if held.shape != given.shape:
                raise ShapeMismatchError(
                    f"`parameters[{name!r}]` has shape {given.shape}, but the layer holds "
                    f"{held.shape}."
                )
            setattr(copy, name, nnx.Param(given))
        return copy

    def __call__(self, letters: Int[Array, "*b t k"]) -> Float[Array, "*b t outputs"]:
        """The probability of each output at each place.

        Args:
          letters: Words.

        Raises:
          SoftEvaluationError: The words are longer than those of training. Soft states blur a
            little at each letter, and long words are then wrong without a sign of it.
          ShapeMismatchError: The letters have another number of entries than the type.
        """
        if letters.shape[-1] != len(self.word_type.operands):
            raise ShapeMismatchError(
                f"`letters` has {letters.shape[-1]} entries a letter, but the type has the "
                f"operands {self.word_type.operands}."
            )
        if letters.shape[-2] > self.max_places:
            raise SoftEvaluationError(
                f"`letters` has words of {letters.shape[-2]} places, but this soft layer was "
                f"trained on {self.max_places}. Use the hardened machine, which is exact at any "
                "length."
            )
        classes = self.tie.sort(self.word_type, letters)
        actions = jax.nn.softmax(self.moves[...])[classes]
        states = scan_matrices(
            actions, plus_times, reverse=self.word_type.from_last, exclusive=True
        )[..., 0, :]
        writes = jax.nn.softmax(self.writes[...])
        if not self.tie.rolled:
            return jnp.einsum("...s,...so->...o", states, writes[classes])
        outputs = jnp.arange(self.word_type.outputs, dtype=classes.dtype)
        written = states @ writes
        roll = (classes - self.tie.offset(self.word_type))[..., None]
        turned = (jnp.broadcast_to(outputs, written.shape) - roll) % self.word_type.outputs
        return jnp.take_along_axis(written, turned, axis=-1)


def initial(key: KeyArray, *, classes: int, states: int, outputs: int, rolled: bool) -> Parameters:
    """Standard normal logits."""
    moves_key, writes_key = jax.random.split(key)
    written = (states, outputs) if rolled else (classes, states, outputs)
    return {
        "moves": jax.random.normal(moves_key, (classes, states, states)),
        "writes": jax.random.normal(writes_key, written),
    }


def loss(parameters: Parameters, classes: Array, targets: Array, *, rolled: bool) -> Array:
    """The mean of `-log` of the probability of each told output.

    It moves one distribution along the word, letter by letter: the row of the layer's product that
    starts in state 0, which on short words costs less than the product.

    Args:
      parameters: The logits of one layer.
      classes: One-hot classes in reading order, `[places, words, classes]`.
      targets: One-hot outputs, `[places, words, outputs]`, turned back if rolled; zero where
        nothing is told.
      rolled: Whether the outputs turn with the class.
    """
    moves, writes = jax.nn.softmax(parameters["moves"]), jax.nn.softmax(parameters["writes"])
    sizes, states = moves.shape[0], moves.shape[-1]
    words = classes.shape[1]

    def step(state: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        read, told = at
        cells = (read[:, :, None] * state[:, None, :]).reshape(words, sizes * states)
        written = state @ writes if rolled else cells @ writes.reshape(sizes * states, -1)
        likely = jnp.sum(written * told, axis=-1)
        surprise = jnp.where(told.sum(axis=-1) > 0, -jnp.log(likely + _LEAST), 0.0)
        return cells @ moves.reshape(sizes * states, states), surprise

    start = jnp.zeros((words, states), moves.dtype).at[:, 0].set(1.0)
    _, surprises = jax.lax.scan(step, start, (classes, targets), unroll=True)
    return surprises.sum() / targets.sum()
