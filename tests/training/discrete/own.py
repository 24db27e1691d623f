"""Algorithms with a spec of their own, as a user would write them: the learner has seen none."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.catalogue import get
from catalign.algorithms.inputs import POS, positions
from catalign.algorithms.sorting import KEY, node_hint, sample_keys
from catalign.algorithms.spec import Kind, Location, Probe, Spec, Stage

GRAPH = get("bfs")


def node(name: str, kind: Kind, stage: Stage = Stage.HINT, classes: int = 0) -> Probe:
    """A probe at the nodes."""
    return Probe(name, stage, Location.NODE, kind, **({"classes": classes} if classes else {}))


def last(x: Probes) -> int:
    """The last node."""
    return x["pos"].shape[0] - 1


class TwoLeast(NamedTuple):
    """The two nodes with the least keys so far."""

    least: Array
    second: Array
    i: Array


def keep_two(x: Probes, s: TwoLeast) -> TwoLeast:
    """The next node may be the least, or the second."""
    key, i = x["key"], s.i + 1
    wins = key[i] < key[s.least]
    follows = (s.second == s.least) | (key[i] < key[s.second])
    second = jnp.where(wins, s.least, jnp.where(follows, i, s.second))
    return TwoLeast(jnp.where(wins, i, s.least), second, i)


SECOND_SMALLEST = Algorithm(
    name="second_smallest",
    spec=Spec(
        *(POS, KEY, node_hint("least"), node_hint("second"), node_hint("i")),
        node("found", Kind.MASK_ONE, Stage.OUTPUT),
    ),
    sampler=sample_keys,
    init=lambda x: TwoLeast(jnp.int32(0), jnp.int32(0), jnp.int32(0)),
    step=keep_two,
    done=lambda x, s: s.i == last(x),
    hints=lambda x, s: s._asdict(),
    outputs=lambda x, s: {"found": s.second},
    max_steps=lambda n: n,
    min_size=2,
    source="the second of an order",
)


class Vote(NamedTuple):
    """The candidate of a vote, and by how much it leads."""

    candidate: Array
    lead: Array
    i: Array


def ballots(key: Array, size: int) -> Probes:
    """Three parties."""
    party = jax.random.randint(key, (size,), 0, 3)
    return {"pos": positions(size), "key": party / 4}


def count(x: Probes, s: Vote) -> Vote:
    """A vote for the candidate or against it; without a lead the next node is the candidate."""
    key, i = x["key"], s.i + 1
    change = jnp.where(key[i] == key[s.candidate], 0.01, -0.01).astype(s.lead.dtype)
    free = s.lead < 0.005
    return Vote(
        jnp.where(free, i, s.candidate),
        jnp.where(free, jnp.asarray(0.01, s.lead.dtype), s.lead + change),
        i,
    )


MAJORITY_VOTE = Algorithm(
    name="majority_vote",
    spec=Spec(
        *(POS, KEY, node_hint("candidate"), node_hint("i")),
        Probe("lead", Stage.HINT, Location.GRAPH, Kind.SCALAR),
        node("winner", Kind.MASK_ONE, Stage.OUTPUT),
    ),
    sampler=ballots,
    init=lambda x: Vote(jnp.int32(0), jnp.asarray(0.01, x["key"].dtype), jnp.int32(0)),
    step=count,
    done=lambda x, s: s.i == last(x),
    hints=lambda x, s: s._asdict(),
    outputs=lambda x, s: {"winner": s.candidate},
    max_steps=lambda n: n,
    source="Boyer and Moore, MJRTY: a fast majority vote algorithm, 1981",
)


class Stack(NamedTuple):
    """A stack as pointers down from its top, and what was found for each node."""

    next_h: Array
    below: Array
    top: Array
    i: Array


def pop_or_push(x: Probes, s: Stack) -> Stack:
    """The top has found its next greater node and goes; or node i comes on top."""
    key, n = x["key"], x["key"].shape[0]
    nodes = jnp.arange(n, dtype=s.below.dtype)
    pops, bottom = key[s.top] < key[s.i], s.below[s.top] == s.top
    pushes = ~pops | bottom
    under = jnp.where(pops, s.i, s.top)
    return Stack(
        jnp.where(pops & (nodes == s.top), s.i, s.next_h),
        jnp.where(pushes & (nodes == s.i), under, s.below),
        jnp.where(pushes, s.i, s.below[s.top]),
        jnp.where(pushes, jnp.minimum(s.i + 1, n - 1), s.i),
    )


def bare(x: Probes) -> Stack:
    """The first node alone is on the stack."""
    nodes = jnp.arange(x["key"].shape[0], dtype=jnp.int32)
    return Stack(nodes, nodes, jnp.int32(0), jnp.int32(1))


NEXT_GREATER = Algorithm(
    name="next_greater",
    spec=Spec(
        *(POS, KEY, node("next_h", Kind.POINTER), node("below", Kind.POINTER)),
        *(node_hint("top"), node_hint("i"), node("next", Kind.POINTER, Stage.OUTPUT)),
    ),
    sampler=sample_keys,
    init=bare,
    step=pop_or_push,
    done=lambda x, s: s.top == last(x),
    hints=lambda x, s: s._asdict(),
    outputs=lambda x, s: {"next": s.next_h},
    max_steps=lambda n: 2 * n,
    min_size=2,
    source="all nearest greater values, by a stack",
)


class Colours(NamedTuple):
    """0 where no colour is known yet."""

    colour_h: Array


def colour(x: Probes, s: Colours) -> Colours:
    """Neighbours of a colour take the other one."""
    old, beside = s.colour_h, lambda c: (x["adj"] & (s.colour_h == c)[:, None]).any(axis=0)
    new = jnp.where(beside(1), 2, jnp.where(beside(2), 1, 0)).astype(old.dtype)
    return Colours(jnp.where(old == 0, new, old))


TWO_COLOURING = Algorithm(
    name="two_colouring",
    spec=Spec(
        *GRAPH.spec.inputs,
        node("colour_h", Kind.CATEGORICAL, classes=3),
        node("colour", Kind.CATEGORICAL, Stage.OUTPUT, classes=3),
    ),
    sampler=GRAPH.sampler,
    init=lambda x: Colours((x["s"] == jnp.arange(last(x) + 1, dtype=jnp.int32)).astype(jnp.int32)),
    step=colour,
    done=lambda x, s: (colour(x, s).colour_h == s.colour_h).all(),
    hints=lambda x, s: s._asdict(),
    outputs=lambda x, s: {"colour": s.colour_h},
    max_steps=lambda n: n,
    source="colours by breadth-first search, without a check for odd cycles",
)

OWN = {a.name: a for a in (SECOND_SMALLEST, MAJORITY_VOTE, NEXT_GREATER, TWO_COLOURING)}
