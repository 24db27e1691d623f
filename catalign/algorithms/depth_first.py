"""Depth-first search as a machine that makes one move at a time.

Every algorithm on top of it (chapter 22, and shortest paths in a DAG) shows one hint after each
move:

| move | what happens |
|---|---|
| START | a root is chosen |
| OPEN | the top of the stack becomes grey |
| DOWN | an edge leads to a white node, which is pushed on the stack |
| LOOK | an edge leads to another node that matters to the algorithm |
| CLOSE | no edge is left: the top of the stack becomes black, and is popped by the next move |

The stack is a linked list in the hints: `s_last` is its top, and `s_prev` points from each node to
the one below it.

Source: Tarjan 1972; Cormen et al., Introduction to Algorithms, 22.3.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from catalign._typing import Flag, Index, Probes
from catalign.algorithms.arrays import first, put
from catalign.algorithms.spec import Kind, Location, Probe, Stage

WHITE, GREY, BLACK = range(3)
START, OPEN, DOWN, LOOK, CLOSE = range(5)

TICK = 0.01
"""The unit of the benchmark's clock: `d`, `f` and `time` are multiples of it."""

COLOR = Probe("color", Stage.HINT, Location.NODE, Kind.CATEGORICAL, classes=3)
S_PREV = Probe("s_prev", Stage.HINT, Location.NODE, Kind.POINTER)
S = Probe("s", Stage.HINT, Location.NODE, Kind.MASK_ONE)
U = Probe("u", Stage.HINT, Location.NODE, Kind.MASK_ONE)
V = Probe("v", Stage.HINT, Location.NODE, Kind.MASK_ONE)
S_LAST = Probe("s_last", Stage.HINT, Location.NODE, Kind.MASK_ONE)


class Walk(NamedTuple):
    """Where a depth-first search stands.

    Attributes:
      color: White, grey or black.
      s_prev: The node below each one on the stack; itself at the bottom and off the stack.
      s: The root of the current tree.
      u: The node whose edges are being scanned.
      v: The last node that the scan came to.
      s_last: The top of the stack.
      cursor: Where the scan goes on.
      move: The last move.
    """

    color: Int[Array, " n"]
    s_prev: Int[Array, " n"]
    s: Index
    u: Index
    v: Index
    s_last: Index
    cursor: Index
    move: Index

    @property
    def hints(self) -> Probes:
        """What a trace shows of it."""
        return {
            "color": self.color,
            "s_prev": self.s_prev,
            "s": self.s,
            "u": self.u,
            "v": self.v,
            "s_last": self.s_last,
        }

    def did(self, move: int) -> Flag:
        """Whether this was the last move."""
        return self.move == move

    @property
    def tree_ended(self) -> Flag:
        """Whether the root of the current tree was just closed."""
        return self.did(CLOSE) & (self.s_prev[self.u] == self.u)


def start(color: Int[Array, " n"], root: Index) -> Walk:
    """A search that has just chosen a root."""
    nodes = jnp.arange(color.shape[0], dtype=jnp.int32)
    return Walk(color, nodes, root, root, root, root, jnp.int32(0), jnp.int32(START))


def neighbours(inputs: Probes, u: Index) -> Bool[Array, " n"]:
    """Where the edges of `u` lead; a self-loop only where `A` has one."""
    return put(inputs["adj"][u], u, inputs["A"][u, u] != 0)


def advance(
    walk: Walk,
    edges: Callable[[Index], Bool[Array, " n"]],
    *,
    root: Index,
    seen: Bool[Array, " n"] | None = None,
    looks: Callable[[Index], Bool[Array, " n"]] | None = None,
) -> Walk:
    """Makes one move.

    Args:
      walk: Where the search stands.
      edges: `edges(u)` marks the nodes that the edges of u lead to.
      root: The next root, read only where the current tree has ended.
      seen: The nodes that are not opened (again) when the scan enters them; those that are not
        white if left out.
      looks: `looks(u)` marks the nodes whose edges from u matter although they are not white; none
        if left out.
    """
    n = walk.color.shape[0]
    nodes = jnp.arange(n, dtype=jnp.int32)
    restart = walk.tree_ended
    pop = walk.did(CLOSE)
    below = walk.s_prev[walk.s_last]
    s_prev = put(walk.s_prev, walk.s_last, walk.s_last, when=pop)
    u = jnp.where(pop, below, walk.s_last)
    enters = walk.did(START) | walk.did(DOWN)
    seen = walk.color != WHITE if seen is None else seen
    opens = enters & ~seen[u]

    cursor = jnp.where(enters | pop, 0, walk.cursor)
    white = walk.color == WHITE
    stops = white if looks is None else white | looks(u)
    w = first(edges(u) & stops & (nodes >= cursor))
    found = w < n
    to = jnp.minimum(w, n - 1)
    down = found & white[to]

    move = jnp.where(found, jnp.where(down, DOWN, LOOK), CLOSE)
    move = jnp.where(restart, START, jnp.where(opens, OPEN, move))
    goes_down = move == DOWN
    painted = jnp.where(goes_down, to, u)
    color = put(walk.color, painted, jnp.int32(GREY), when=goes_down | opens & ~restart)
    color = put(color, u, jnp.int32(BLACK), when=move == CLOSE)
    s_last = jnp.where(goes_down, to, u)
    return Walk(
        color=color,
        s_prev=put(s_prev, to, u, when=goes_down),
        s=jnp.where(restart, root, walk.s),
        u=jnp.where(restart, root, u),
        v=jnp.where(restart, root, jnp.where(opens, walk.v, to)),
        s_last=jnp.where(restart, root, s_last),
        cursor=jnp.where(opens, 0, to + 1),
        move=move,
    )


def stamp(
    walk: Walk, d: Int[Array, " n"], f: Int[Array, " n"], time: Index
) -> tuple[Int[Array, " n"], Int[Array, " n"], Index]:
    """The times and the clock after a move: opening and closing take one tick each."""
    opened, closed = walk.did(OPEN), walk.did(CLOSE)
    time = time + (opened | closed).astype(jnp.int32)
    return put(d, walk.u, time, when=opened), put(f, walk.u, time, when=closed), time


def ticks(inputs: Probes, count: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """A number of ticks as the benchmark shows it, in the float type of the inputs."""
    return count.astype(inputs["pos"].dtype) * TICK


def clock(inputs: Probes, d: Int[Array, " n"], f: Int[Array, " n"], time: Index) -> Probes:
    """The hints of the times."""
    return {"d": ticks(inputs, d), "f": ticks(inputs, f), "time": ticks(inputs, time)}
