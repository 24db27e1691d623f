"""Nodes that receive messages in any grouping: monoid actions, and 1-cocycles as their arguments.

A node of state `s` that receives `m` moves to `m.s` and sends the argument `delta_m(s)`. Messages
may be merged on the way exactly if `.` is an action and `delta` a 1-cocycle: this is *regrouping*
(Dudzik et al., Asynchronous Algorithmic Alignment with Cocycles, LoG 2023, section 3). Two more
laws are independent of it: *reordering* (two messages commute) and *replay* (a message that comes
twice changes nothing and sends nothing). Carrying regroups and reorders but does not replay.

The paper also says that if `delta_m(s) = m.s`, with `delta_1(s) = 0`, is a cocycle on S = A, then A
is idempotent. That half of its Prop. 4.1 fails as printed; counting to at most 2 is a
counterexample:

  >>> from catalign.algebra.laws import is_idempotent
  >>> def count(a, b):
  ...     return jnp.minimum(a + b, 2)
  >>> counter = Monoid(name="count to 2", op=count, unit=0)
  >>> values = jnp.arange(3)
  >>> action = MonoidAction(messages=counter, act=count)
  >>> plain = Cocycle(action, counter, lambda m, s: jnp.where(m == 0, 0, count(m, s)))
  >>> check_cocycle(plain, values, values)
  >>> is_idempotent(count, values)
  False
"""

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign._errors import AxiomError, InputError
from catalign.algebra.instances import plus_times
from catalign.algebra.monoid import CommutativeMonoid, Monoid, Operation

_Side = Callable[[Array, Array, Array], tuple[Array, ...]]
_Law = tuple[str, _Side, _Side]


@dataclass(frozen=True, kw_only=True)
class MonoidAction:
    """A monoid of messages that acts on states.

    Maths: `1.s = s` and `(nm).s = n.(m.s)`: `n` comes after `m`.

    Attributes:
      messages: The monoid; `op(n, m)` is `m`, then `n`.
      act: `act(m, s)` is the next state, elementwise.
    """

    messages: Monoid
    act: Operation


@dataclass(frozen=True)
class Cocycle:
    """What a node sends on, so that merging its messages does not change the total.

    Maths: `delta_1(s) = 0` and `delta_nm(s) = delta_n(m.s) + delta_m(s)`.

    Attributes:
      action: How messages move the state.
      arguments: The monoid of arguments, commutative or not; later arguments stand on the left.
      delta: `delta(m, s)` is the argument sent, elementwise.
    """

    action: MonoidAction
    arguments: Monoid
    delta: Operation

    def star(self, message: Any, state: Any, total: Any) -> tuple[Any, Any]:
        """Receives a message: the next state, and the total of all arguments so far.

        Maths: `m * (s, a) = (m.s, delta_m(s) + a)`, an action exactly if `delta` is a cocycle.
        """
        sent = self.arguments.op(self.delta(message, state), total)
        return self.action.act(message, state), sent


def check_action(action: MonoidAction, messages: Array, states: Array) -> None:
    """Raises unless the two action laws hold on the samples.

    Raises:
      AxiomError: A law fails; the message shows the values and both sides.
    """
    m_op, act, unit = action.messages.op, action.act, action.messages.unit
    one: _Law = ("1.s = s", lambda n, m, s: (act(_full(unit, m), s),), lambda n, m, s: (s,))
    both: _Law = (
        "(nm).s = n.(m.s)",
        lambda n, m, s: (act(m_op(n, m), s),),
        lambda n, m, s: (act(n, act(m, s)),),
    )
    _check("the action", [one, both], messages, states)


def check_cocycle(cocycle: Cocycle, messages: Array, states: Array) -> None:
    """Raises unless messages may be regrouped: the laws of the action and of the cocycle.

    Raises:
      AxiomError: A law fails; the message shows the values and both sides.

    Example:
      >>> check_cocycle(carry_cocycle(10), jnp.arange(25), jnp.arange(10))
    """
    check_action(cocycle.action, messages, states)
    monoid, act, delta = cocycle.action.messages, cocycle.action.act, cocycle.delta
    one: _Law = (
        "delta_1(s) = 0",
        lambda n, m, s: (delta(_full(monoid.unit, m), s),),
        lambda n, m, s: (_full(cocycle.arguments.unit, delta(m, s)),),
    )
    both: _Law = (
        "delta_nm(s) = delta_n(m.s) + delta_m(s)",
        lambda n, m, s: (delta(monoid.op(n, m), s),),
        lambda n, m, s: (cocycle.arguments.op(delta(n, act(m, s)), delta(m, s)),),
    )
    _check("the cocycle", [one, both], messages, states)


def check_reordering(cocycle: Cocycle, messages: Array, states: Array) -> None:
    """Raises unless two messages, in either order, give one state and one total argument.

    Raises:
      AxiomError: The order matters; the message shows the values and both sides.
    """
    law: _Law = (
        "n * m * (s, 0) = m * n * (s, 0)",
        lambda n, m, s: _receive(cocycle, (m, n), s),
        lambda n, m, s: _receive(cocycle, (n, m), s),
    )
    _check("reordering", [law], messages, states)


def check_replay(cocycle: Cocycle, messages: Array, states: Array) -> None:
    """Raises unless a message that comes twice in a row does as much as once.

    Raises:
      AxiomError: A replay matters; the message shows the values and both sides.
    """
    law: _Law = (
        "m * m * (s, 0) = m * (s, 0)",
        lambda n, m, s: _receive(cocycle, (m, m), s),
        lambda n, m, s: _receive(cocycle, (m,), s),
    )
    _check("replay", [law], messages, states)


def from_step(
    step: Callable[[Array], Array], emit: Callable[[Array], Array], arguments: Monoid
) -> Cocycle:
    """The one cocycle over the naturals whose single steps are given (Prop. 3.3).

    Maths: `n.s = step^n(s)` and `delta_n(s) = emit(step^(n-1)(s)) + ... + emit(step(s)) + emit(s)`,
      later arguments on the left. Every cocycle over the naturals arises so, from `emit = delta_1`.

    Args:
      step: The next state, elementwise.
      emit: What one step from a state sends, elementwise.
      arguments: The monoid of arguments, commutative or not.

    Example:
      >>> from catalign.algebra.instances import plus_times
      >>> odometer = from_step(lambda s: (s + 1) % 10, lambda s: s // 9, plus_times.add)
      >>> odometer.delta(jnp.array(25), jnp.array(7)).item()
      3
    """

    def run(n: Array, s: Array) -> tuple[Array, Array]:
        n, s = jnp.broadcast_arrays(n, s)

        def once(i: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            state, total = carry
            sent = arguments.op(emit(state), total)
            return jnp.where(i < n, step(state), state), jnp.where(i < n, sent, total)

        first = (s, _full(arguments.unit, emit(s)))
        return jax.lax.fori_loop(0, jnp.max(n, initial=0), once, first)

    action = MonoidAction(messages=_NATURALS, act=lambda n, s: run(n, s)[0])
    return Cocycle(action, arguments, lambda n, s: run(n, s)[1])


@functools.cache
def semilattice_cocycle(join: CommutativeMonoid) -> Cocycle:
    """Sends the new state where it is an improvement, and nothing otherwise (Prop. 4.2).

    Raises:
      AxiomError: `join` is not idempotent.

    Example:
      >>> from catalign.algebra.instances import min_plus
      >>> cocycle = semilattice_cocycle(min_plus.add)
      >>> check_replay(cocycle, jnp.array([jnp.inf, 1.0, 2.0]), jnp.array([jnp.inf, 1.5]))
    """
    if not join.is_idempotent:
        raise AxiomError(
            f"`join` is the monoid {join.name}, which is not idempotent, so it has no order. "
            "Pass a semilattice, such as `min_plus.add`."
        )

    def delta(m: Array, s: Array) -> Array:
        total = join.op(m, s)
        return jnp.where(total == s, jnp.full_like(total, join.unit), total)

    return Cocycle(MonoidAction(messages=join, act=join.op), join, delta)


@functools.cache
def carry_cocycle(base: int) -> Cocycle:
    """A digit that counts up by `m`, and sends its carry (Prop. 3.4).

    Maths: `m.s = (m + s) mod base`, `delta_m(s) = floor((m + s) / base)`.

    Raises:
      InputError: `base` is below 2.
    """
    if base < 2:
        raise InputError(f"`base` is {base}, but digits need a base of at least 2.")
    action = MonoidAction(messages=_NATURALS, act=lambda m, s: (m + s) % base)
    return Cocycle(action, _NATURALS, lambda m, s: (m + s) // base)


@functools.cache
def countdown_cocycle() -> Cocycle:
    """A counter of missing inputs that sends 1 when it reaches zero, as in Kahn's sorting.

    Maths: `m.s = max(s - m, 0)`, `delta_m(s) = [0 < s <= m]`.
    """
    action = MonoidAction(messages=_NATURALS, act=lambda m, s: jnp.maximum(s - m, 0))
    return Cocycle(action, _NATURALS, lambda m, s: ((s > 0) & (s <= m)).astype(s.dtype))


_NATURALS = dataclasses.replace(plus_times.add, name="(N, +)")


def _full(unit: Any, like: Array) -> Array:
    return jnp.full(like.shape, unit, like.dtype)


def _receive(cocycle: Cocycle, messages: tuple[Array, ...], s: Array) -> tuple[Any, Any]:
    total = _full(cocycle.arguments.unit, cocycle.delta(messages[0], s))
    for m in messages:
        s, total = cocycle.star(m, s, total)
    return s, total


def _check(label: str, laws: list[_Law], messages: Array, states: Array) -> None:
    counts = (len(messages), len(messages), len(states))
    if 0 in counts:
        raise InputError(
            f"`messages` has {counts[0]} values and `states` has {counts[2]}. Pass one or more "
            "of each, or nothing is checked."
        )
    n, m, s = np.indices(counts).reshape(3, -1)
    values = (jnp.asarray(messages)[n], jnp.asarray(messages)[m], jnp.asarray(states)[s])
    for name, left, right in laws:
        lhs, rhs = np.stack(left(*values), -1), np.stack(right(*values), -1)
        wrong = np.flatnonzero(np.any(lhs != rhs, axis=-1))
        if wrong.size:
            at = int(wrong[0])
            shown = ", ".join(f"{k}={v[at].item()}" for k, v in zip("nms", values, strict=True))
            raise AxiomError(
                f"{label} breaks `{name}` at {shown}: the left side is {lhs[at].tolist()}, "
                f"the right side is {rhs[at].tolist()}."
            )
