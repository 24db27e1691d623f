"""Polynomial diagrams of finite sets: W <-i- X -p-> Y -o-> Z as three functions.

Two diagrams are *isomorphic* if they differ only by the numbering of messages and arguments. Each
diagram is one polynomial with natural coefficients for each output, in one variable for each input,
and over a commutative multiplication two diagrams are isomorphic exactly if these polynomials are
equal (Tambara). That is the equality test.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from catalign._errors import AxiomError, CompositeSizeError
from catalign.polynomial.finite import FinFunction

Monomial = tuple[int, ...]
Polynomial = tuple[Monomial, ...]
"""A sum of monomials with repetition, in increasing order; a monomial lists its variables."""

DEFAULT_LIMIT = 100_000


@dataclass(frozen=True)
class FiniteDiagram:
    """A polynomial diagram `W <-i- X -p-> Y -o-> Z` of finite sets.

    The order of X orders each fibre of p; it matters only where the multiplication is not
    commutative.

    Args:
      i: Which input each argument reads, X -> W.
      p: To which message each argument belongs, X -> Y.
      o: Where each message goes, Y -> Z.

    Raises:
      AxiomError: `i` and `p` have different domains, or `p` does not end where `o` starts.

    Example:
      >>> i, p, o = FinFunction([0, 1, 1], 2), FinFunction([0, 0, 1], 2), FinFunction([0, 0], 1)
      >>> two_by_one = FiniteDiagram(i, p, o)
      >>> print(two_by_one)
      2 <- 3 -> 2 -> 1
      >>> two_by_one.polynomials
      (((0, 1), (1,)),)

    Source: Gambino & Kock 2013; Dudzik & Velickovic 2022, appendix D.
    """

    i: FinFunction
    p: FinFunction
    o: FinFunction

    def __post_init__(self) -> None:
        if self.i.dom != self.p.dom:
            raise AxiomError(
                f"i has {self.i.dom} arguments but p has {self.p.dom}. Both start from X."
            )
        if self.p.cod != self.o.dom:
            raise AxiomError(
                f"p ends in {self.p.cod} messages but o starts from {self.o.dom}. Both mean Y."
            )

    @classmethod
    def identity(cls, size: int) -> "FiniteDiagram":
        """The diagram whose transform changes nothing."""
        same = FinFunction.identity(size)
        return cls(same, same, same)

    @classmethod
    def from_polynomials(cls, polynomials: Sequence[Polynomial], n_input: int) -> "FiniteDiagram":
        """The diagram of given polynomials, one for each output.

        Example:
          >>> FiniteDiagram.from_polynomials([((0, 1), (1,))], 2).polynomials
          (((0, 1), (1,)),)
        """
        messages = [(monomial, z) for z, terms in enumerate(polynomials) for monomial in terms]
        return _from_messages(messages, n_input=n_input, n_output=len(polynomials))

    @property
    def W(self) -> int:  # noqa: N802
        """The number of inputs."""
        return self.i.cod

    @property
    def X(self) -> int:  # noqa: N802
        """The number of arguments: the gathers of one execution."""
        return self.i.dom

    @property
    def Y(self) -> int:  # noqa: N802
        """The number of messages."""
        return self.o.dom

    @property
    def Z(self) -> int:  # noqa: N802
        """The number of outputs."""
        return self.o.cod

    @property
    def is_span(self) -> bool:
        """Whether p is bijective, so that each message reads one argument."""
        return self.p.is_bijective

    @property
    def monomials(self) -> tuple[Monomial, ...]:
        """The inputs that each message multiplies, in the order of its fibre."""
        return tuple(tuple(self.i.values[fibre].tolist()) for fibre in self.p.fibres)

    @property
    def polynomials(self) -> tuple[Polynomial, ...]:
        """The canonical form: for each output its polynomial over a commutative multiplication.

        Maths: `z -> sum over y in o^-1(z) of the product over x in p^-1(y) of the variable i(x)`
        """
        return self._canonical(ordered=False)

    @property
    def ordered_polynomials(self) -> tuple[Polynomial, ...]:
        """The canonical form where the order of factors counts."""
        return self._canonical(ordered=True)

    def _canonical(self, *, ordered: bool) -> tuple[Polynomial, ...]:
        monomials = self.monomials if ordered else tuple(tuple(sorted(m)) for m in self.monomials)
        return tuple(tuple(sorted(monomials[y] for y in fibre)) for fibre in self.o.fibres)

    def is_isomorphic(self, other: "FiniteDiagram", *, ordered: bool = False) -> bool:
        """Whether the diagrams differ only by the numbering of messages and arguments.

        Args:
          other: A diagram.
          ordered: Whether the order in the fibres of p counts, as it does for a multiplication that
            is not commutative.
        """
        if (self.W, self.Z) != (other.W, other.Z):
            return False
        return self._canonical(ordered=ordered) == other._canonical(ordered=ordered)

    def composite_size(self, after: "FiniteDiagram") -> tuple[int, int]:
        """The numbers of messages and of arguments of `self.then(after)`, without building it.

        The number of messages is the blow-up law.

        Maths: `|Y''| = sum over y' of the product over x' in p'^-1(y') of |o^-1(i'(x'))|`
        """
        choices = self.o.fibre_sizes.tolist()
        arities = [int(self.p.fibre_sizes[fibre].sum()) for fibre in self.o.fibres]
        n_message = n_argument = 0
        for monomial in after.monomials:
            n_message += math.prod(choices[z] for z in monomial)
            for slot, z in enumerate(monomial):
                others = monomial[:slot] + monomial[slot + 1 :]
                n_argument += arities[z] * math.prod(choices[other] for other in others)
        return n_message, n_argument

    def then(self, after: "FiniteDiagram", *, limit: int = DEFAULT_LIMIT) -> "FiniteDiagram":
        """The composite that applies this diagram first: substitution of polynomials.

        A message of the composite is a message y' of `after` with, for each argument x' of y', a
        choice sigma(x') of one of this diagram's messages that arrive at i'(x'). Over a semiring,
        commutative or not, its transform is the composite of the transforms. That uses
        distributivity, so it fails for a learned message function.

        Args:
          after: The diagram that reads this one's outputs.
          limit: The most messages or arguments that the composite may have.

        Raises:
          AxiomError: `after` reads another number of inputs than this diagram has outputs.
          CompositeSizeError: The composite would exceed `limit`.

        Example:
          >>> square = FiniteDiagram.from_polynomials([((0, 0),)], 1)
          >>> sum_of_two = FiniteDiagram.from_polynomials([((0,), (1,))], 2)
          >>> sum_of_two.then(square).polynomials
          (((0, 0), (0, 1), (0, 1), (1, 1)),)

        Source: Gambino & Kock 2013, section 1.
        """
        if self.Z != after.W:
            raise AxiomError(
                f"cannot compose diagrams: `first` has {self.Z} outputs but `second` reads "
                f"{after.W} inputs.\n  first  = {self}\n  second = {after}"
            )
        n_message, n_argument = self.composite_size(after)
        if max(n_message, n_argument) > limit:
            raise CompositeSizeError(
                f"The composite of {self} and {after} would have {n_message:,} messages and "
                f"{n_argument:,} arguments; the limit is {limit:,}. Keep the diagrams as a path "
                "and run them one after the other, or pass "
                f"`limit={max(n_message, n_argument)}`.",
                n_message=n_message,
                n_argument=n_argument,
                limit=limit,
            )
        mine, arrivals = self.monomials, [fibre.tolist() for fibre in self.o.fibres]
        messages = [
            (tuple(itertools.chain.from_iterable(mine[y] for y in sigma)), u)
            for monomial, u in zip(after.monomials, after.o.values.tolist(), strict=True)
            for sigma in itertools.product(*(arrivals[z] for z in monomial))
        ]
        return _from_messages(messages, n_input=self.W, n_output=after.Z)

    def __add__(self, other: "FiniteDiagram") -> "FiniteDiagram":
        """The disjoint sum: both diagrams side by side, as for a batch of two graphs.

        Maths: `T_{D + D'}(f, f') = (T_D f, T_D' f')`
        """
        return FiniteDiagram(self.i + other.i, self.p + other.p, self.o + other.o)

    def __str__(self) -> str:
        return f"{self.W} <- {self.X} -> {self.Y} -> {self.Z}"


def _from_messages(
    messages: Sequence[tuple[Monomial, int]], *, n_input: int, n_output: int
) -> FiniteDiagram:
    """The diagram of messages, each given by the inputs that it reads and where it goes."""
    arguments = [(w, y) for y, (monomial, _) in enumerate(messages) for w in monomial]
    return FiniteDiagram(
        FinFunction([w for w, _ in arguments], n_input),
        FinFunction([y for _, y in arguments], len(messages)),
        FinFunction([z for _, z in messages], n_output),
    )
