"""The sums over triples as reductions into which a GPU's compiler draws the messages."""

from jax import Array

from catalign.algebra.semiring import Semiring
from catalign.kernels.semiring_matmul.fused import collect_both, reduce_terms


def reduce(uw: Array, wv: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference; without `with_arg` the sums alone matter."""

    def terms(uw: Array, wv: Array) -> Array:
        return semiring.multiply.op(uw[:, :, :, None], wv[:, None])

    return reduce_terms(terms, uw, wv, 2, semiring, with_arg=with_arg)


def send_back(arg: Array, cotangent: Array, n_middle: int) -> tuple[Array, Array]:
    """Adds the cotangent of each entry to both arguments of the triple that it comes from."""
    # Places among [p, u, w, v, h].
    return collect_both(arg, cotangent, cotangent, (2, 2), (3, 1), n_middle)
