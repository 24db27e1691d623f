"""1-cocycles are lax morphisms: the bridge from asynchrony to algebras up to 2-cells.

A monoid A of arguments is a category BA with one object, whose arrows are its elements and compose
by addition. A monoid M of messages that acts on A from the right by homomorphisms (an M-module)
makes BA an algebra of the 2-monad `disc(M) x -` on categories. The one-object category 1 is an
algebra as well. A lax morphism `1 -> BA` has no choice but for its 2-cell, an arrow `D(m)` of BA
for every message m. The coherence of that 2-cell with unit and multiplication is

    D(1) = 0,    D(nm) = D(n).m + D(m),

which is the law of a 1-cocycle. For the module `[S, A]` of functions on states, with
`(f.m)(s) = f(m.s)`, it is the law of a node that may merge its messages (`algebra.cocycle`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from catalign.algebra.cocycle import Cocycle, MonoidAction
from catalign.algebra.monoid import Monoid
from catalign.para.agreement import check_agreement
from catalign.para.monad import Monad, action_monad

Arrow = Any
Family = Callable[[Any], Arrow]
"""A 2-cell between functors from a discrete category to BA: an arrow of BA for each object."""


@dataclass(frozen=True)
class Module:
    """A monoid on which another one acts from the right by homomorphisms.

    Maths: `f.1 = f`, `f.(nm) = (f.n).m`, `0.m = 0` and `(f + g).m = f.m + g.m`.

    Args:
      messages: The monoid M.
      elements: The monoid of elements, commutative or not.
      act: The action `f.m`, as `act(f, m)`.
      observe: What is compared of an element; an element that is a function is seen by its values.
    """

    messages: Monoid
    elements: Monoid
    act: Callable[[Arrow, Any], Arrow]
    observe: Callable[[Arrow], Any] = lambda f: f

    @property
    def monad(self) -> Monad:
        """The 2-monad whose algebra BA is: `disc(M) x -`, with M reversed for the right action."""
        op = self.messages.op
        return action_monad(
            Monoid(name=self.messages.name, op=lambda n, m: op(m, n), unit=self.messages.unit)
        )

    def compose(self, after: Arrow, first: Arrow) -> Arrow:
        """The composite of two arrows of BA, their sum."""
        return self.elements.op(after, first)

    def structure(self, t: tuple[Any, Arrow]) -> Arrow:
        """The algebra `disc(M) x BA -> BA` on arrows."""
        m, f = t
        return self.act(f, m)


@dataclass(frozen=True)
class LaxMorphism:
    """A lax morphism `1 -> BA` of algebras of `disc(M) x -`.

    Maths: a 2-cell `kappa: f . a => b . T(f)` between the two functors `disc(M) x 1 -> BA`.

    Args:
      module: A with the action of M, that is, the algebra BA.
      kappa: The 2-cell: an arrow of BA for each object `(m, ())` of `disc(M) x 1`.

    Source: Gavranovic et al. 2024, definition F.3 and example F.5.
    """

    module: Module
    kappa: Family

    def at(self, message: Any) -> Arrow:
        """The arrow `D(m)`."""
        return self.kappa((message, ()))


def check_module(module: Module, messages: Iterable[Any], elements: Iterable[Arrow]) -> None:
    """Raises unless BA is an algebra of `disc(M) x -` on the samples.

    Raises:
      AxiomError: A law fails; the message names it.
    """
    messages, elements = list(messages), list(elements)
    monad, see, zero = module.monad, module.observe, module.elements.unit
    for m in messages:
        check_agreement(
            see(module.structure((m, zero))), see(zero), law=f"identities 0.m = 0 at m={m}"
        )
        for f in elements:
            check_agreement(see(module.structure(monad.unit(f))), see(f), law="unit f.1 = f")
            for n in messages:
                check_agreement(
                    see(module.structure(monad.multiply((m, (n, f))))),
                    see(module.structure((m, module.structure((n, f))))),
                    law=f"multiplication f.(nm) = (f.n).m at n={n}, m={m}",
                )
            for g in elements:
                check_agreement(
                    see(module.structure((m, module.compose(f, g)))),
                    see(module.compose(module.structure((m, f)), module.structure((m, g)))),
                    law=f"composites (f + g).m = f.m + g.m at m={m}",
                )


def check_lax_morphism(lax: LaxMorphism, messages: Iterable[Any]) -> None:
    """Raises unless the 2-cell of a lax morphism is coherent, on the samples.

    Maths: `kappa . eta = id` and `kappa . mu = (b . T(kappa)) . (kappa . T(a))`, as families of
    arrows over 1 and over `disc(M) x disc(M) x 1`. Naturality holds, because `disc(M) x 1` has no
    arrows but identities.

    Args:
      lax: The lax morphism.
      messages: Samples of M.

    Raises:
      AxiomError: A coherence law fails; the message shows both sides.

    Example:
      >>> from catalign.algebra.cocycle import carry_cocycle
      >>> lax = lax_morphism_of(carry_cocycle(10), states=range(10))
      >>> check_lax_morphism(lax, range(12))
      >>> check_lax_morphism(LaxMorphism(lax.module, lambda t: lambda s: t[0]), [0, 1])
      >>> check_lax_morphism(LaxMorphism(lax.module, lambda t: lambda s: s), [0, 1])
      Traceback (most recent call last):
      ...
      catalign._errors.AxiomError: `unit kappa . eta = id` does not hold: at [1] the left side is 1,
      the right side is 0.
    """
    messages, module, monad = list(messages), lax.module, lax.module.monad
    point = ()
    check_agreement(
        module.observe(lax.kappa(monad.unit(point))),
        module.observe(module.elements.unit),
        law="unit kappa . eta = id",
    )
    for m in messages:
        for n in messages:
            nested = (m, (n, point))
            # Whiskered with T(a), the structure of 1 applied inside; then b after T(kappa).
            first = lax.kappa(monad.map(lambda _: point, nested))
            second = module.structure(monad.map(lax.kappa, nested))
            check_agreement(
                module.observe(lax.kappa(monad.multiply(nested))),
                module.observe(module.compose(second, first)),
                law=f"multiplication kappa . mu = (b . T(kappa)) . (kappa . T(a)) at n={n}, m={m}",
            )


def function_module(action: MonoidAction, arguments: Monoid, *, states: Iterable[Any]) -> Module:
    """The module `[S, A]` of functions from states to arguments.

    Maths: `(f + g)(s) = f(s) + g(s)` and `(f.m)(s) = f(m.s)`.

    Args:
      action: M acting on S.
      arguments: The monoid A.
      states: Samples of S, at which functions are compared.
    """
    samples = list(states)
    elements = Monoid(
        name=f"[S, {arguments.name}]",
        op=lambda f, g: lambda s: arguments.op(f(s), g(s)),
        unit=lambda s: arguments.unit,
    )
    return Module(
        action.messages,
        elements,
        lambda f, m: lambda s: f(action.act(m, s)),
        lambda f: [f(s) for s in samples],
    )


def lax_morphism_of(cocycle: Cocycle, *, states: Iterable[Any]) -> LaxMorphism:
    """The lax morphism `1 -> B[S, A]` of a cocycle.

    Maths: `kappa(m, ()) = delta_m`.

    Args:
      cocycle: On the states S, with arguments in A.
      states: Samples of S, at which functions are compared.
    """
    module = function_module(cocycle.action, cocycle.arguments, states=states)
    return LaxMorphism(module, lambda t: lambda s: cocycle.delta(_like(t[0], s), s))


def cocycle_of(lax: LaxMorphism, action: MonoidAction, arguments: Monoid) -> Cocycle:
    """The cocycle of a lax morphism `1 -> B[S, A]`.

    Maths: `delta_m(s) = kappa(m, ())(s)`.

    Args:
      lax: A lax morphism to the module of functions from the states of `action` to `arguments`.
      action: M acting on S.
      arguments: The monoid A.
    """
    return Cocycle(action, arguments, lambda m, s: lax.at(m)(s))


def _like(message: Any, state: Any) -> Any:
    """The unit of a monoid is a Python scalar; beside a state that is an array it is one too."""
    return jnp.asarray(message, state.dtype) if isinstance(state, jax.Array) else message
