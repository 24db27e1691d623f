"""Semirings: the arithmetic in which a polynomial diagram is evaluated."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from catalign._errors import ShapeMismatchError
from catalign.algebra.monoid import CommutativeMonoid, Monoid

_KINDS = {"float": jnp.floating, "number": jnp.number, "bool": jnp.bool_, "any": jnp.generic}


@dataclass(frozen=True)
class Semiring:
    """A commutative addition and a multiplication that distributes over it.

    Maths: `a(b + c) = ab + ac`, `(a + b)c = ac + bc`, `0a = 0 = a0`.

    A value, hashable, so that it can be a static argument of a jitted function.
    `laws.check_semiring` checks the laws on sample values.

    Args:
      name: Its name, *add_multiply* as in GraphBLAS.
      add: How messages to one output combine.
      multiply: How the arguments of one message combine. A `CommutativeMonoid` where order does not
        matter.
      dtype_kind: The dtypes it computes in: "float", "bool", "number" (integers or floats), "any".
      temperature: The t of `-t log sum exp(-x / t)`, if that is the addition.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> min_plus.zero, min_plus.one, float(min_plus.multiply.op(jnp.array(2.0), jnp.array(3.0)))
      (inf, 0.0, 5.0)
    """

    name: str
    add: CommutativeMonoid
    multiply: Monoid
    dtype_kind: str = "float"
    temperature: float | None = None

    @property
    def zero(self) -> Any:
        """The unit of addition, which annihilates."""
        return self.add.unit

    @property
    def one(self) -> Any:
        """The unit of multiplication."""
        return self.multiply.unit

    @property
    def is_commutative(self) -> bool:
        """Whether the multiplication forgets the order of the arguments."""
        return isinstance(self.multiply, CommutativeMonoid)

    def check_dtype(self, values: Any, argument: str = "values") -> None:
        """Raises unless this semiring computes in the dtype of the values.

        Args:
          values: An array, or a pytree of them.
          argument: What the caller names the values, for the message.

        Raises:
          ShapeMismatchError: The dtype is of another kind.
        """
        for leaf in jax.tree.leaves(values)[:1]:
            dtype = jnp.asarray(leaf).dtype
            if not jnp.issubdtype(dtype, _KINDS[self.dtype_kind]):
                raise ShapeMismatchError(
                    f"`{argument}` has dtype {dtype}, but the semiring {self.name} computes in "
                    f"{self.dtype_kind} values. Convert with `.astype(...)` or change the semiring."
                )

    def __str__(self) -> str:
        return self.name
