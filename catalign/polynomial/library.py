"""Named polynomial diagrams: what the layers in use look like as types.

A field on node pairs is read `edge[u,v]`: from the sender u to the receiver v.

Example:
  >>> for diagram in ALL:
  ...     print(diagram)
  message_passing_sparse: V + E + ONE <- 4 E -> E -> V
  message_passing_dense: V + V*V + ONE <- 4 V*V -> V*V -> V
  bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V
  bellman_ford_dense: 2 V + V*V <- 2 V + 2 V*V -> V + V*V -> V
  convolution: V <- E -> E -> V
  edge_update: V + V*V + ONE <- 4 V*V -> V*V -> V*V
  edge_update_sparse: V + E + ONE <- 4 E -> E -> E
  node_edge_update: V + V*V + ONE <- 8 V*V -> 2 V*V -> V + V*V
  triplet: V + V*V + ONE <- 7 V*V*V -> V*V*V -> V*V
  node_triplet_update: V + V*V + ONE <- 4 V*V + 7 V*V*V -> V*V + V*V*V -> V + V*V
  floyd_warshall: V*V <- 2 V*V*V -> V*V*V -> V*V
  readout: V <- V -> V -> ONE
  readout_with_pairs: V + V*V <- V + V*V -> V + V*V -> ONE
  broadcast: ONE <- V -> V -> V
  pair_readout: V <- 2 V*V -> V*V -> V*V
  pointer: V <- V -> V -> V
  pointer_push: V <- V -> V -> V

| number in the paper | here |
|---|---|
| (6) Bellman-Ford | `bellman_ford` |
| MPNN | `message_passing_sparse`, `message_passing_dense` |
| (7) naive edge update, whose o is no function | refused; repaired: `node_edge_update` |
| (9) | `triplet` |
| (10) | `node_triplet_update` |

Source: Dudzik & Velickovic 2022, sections 3 to 5.
"""

from collections.abc import Mapping

from catalign._errors import InputError
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import Leg, identity, project, source, target, terminal
from catalign.polynomial.leg import pointer as follow
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import ONE, E, Sort, V

_PAIR, _TRIPLE = V**2, V**3
_SENDER, _RECEIVER = project(_PAIR, 0), project(_PAIR, 1)


def _message(
    name: str, roles: Mapping[str, tuple[str, Leg]], *, writes: tuple[str, Leg]
) -> Message:
    """A message from its roles, each with the input that it reads and the leg, and its output."""
    output, leg = writes
    arguments = tuple(Argument(role, field, i) for role, (field, i) in roles.items())
    return Message(name, leg.dom, arguments, Output(output, leg))


def _diagram(name: str, inputs: Mapping[str, Sort], *messages: Message) -> PolynomialDiagram:
    """A diagram whose outputs are those that its messages write."""
    outputs = {message.output.writes: message.output.leg.cod for message in messages}
    return PolynomialDiagram(name, inputs, outputs=outputs, summands=messages)


def _layer(name: str, sender: Leg, receiver: Leg, *, writes: tuple[str, Leg]) -> PolynomialDiagram:
    """Messages from sender to receiver that read both, their edge and the graph."""
    pair = sender.dom
    roles = {
        "sender": ("node", sender),
        "receiver": ("node", receiver),
        "edge": ("edge", identity(pair)),
        "graph": ("graph", terminal(pair)),
    }
    message = _message("edge" if pair == E else "pair", roles, writes=writes)
    return _diagram(name, {"node": V, "edge": pair, "graph": ONE}, message)


def _relaxation(name: str, sender: Leg, receiver: Leg) -> PolynomialDiagram:
    pair = sender.dom
    stay = {"distance": ("f", identity(V)), "bias": ("b", identity(V))}
    relax = {"sender": ("f", sender), "weight": ("w", identity(pair))}
    return _diagram(
        name,
        {"f": V, "b": V, "w": pair},
        _message("stay", stay, writes=("f", identity(V))),
        _message("relax", relax, writes=("f", receiver)),
    )


def _span(name: str, *, reads: tuple[str, Leg], writes: tuple[str, Leg]) -> PolynomialDiagram:
    """Messages that read one value each, so that p is the identity."""
    field, leg = reads
    message = _message("edge" if leg.dom == E else "node", {"value": reads}, writes=writes)
    return _diagram(name, {field: leg.cod}, message)


message_passing_sparse = _layer("message_passing_sparse", source, target, writes=("node", target))
"""Message passing along the edges of a graph, with node, edge and graph features.

Maths: `node[target(e)] += node[source(e)] * node[target(e)] * edge[e] * graph  for e in E`
"""

message_passing_dense = _layer(
    "message_passing_dense", _SENDER, _RECEIVER, writes=("node", _RECEIVER)
)
"""Message passing along all ordered node pairs: the processors of CLRS.

Maths: `node[v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V`
"""

bellman_ford = _relaxation("bellman_ford", source, target)
"""One relaxation of all edges, with a bias b at the nodes; over `min_plus`, b = 0 keeps f.

Maths: `f[v] += f[v] * b[v]  for v in V` and `f[target(e)] += f[source(e)] * w[e]  for e in E`
"""

bellman_ford_dense = _relaxation("bellman_ford_dense", _SENDER, _RECEIVER)
"""One relaxation of all node pairs, where a missing edge has the semiring's zero as its weight.

Maths: `f[v] += f[v] * b[v]  for v in V` and `f[v] += f[u] * w[u,v]  for u,v in V*V`
"""

convolution = _span("convolution", reads=("node", source), writes=("node", target))
"""Each node combines the features of its senders: the isotropic graph convolution.

Maths: `node[target(e)] += node[source(e)]  for e in E`
"""

edge_update = _layer("edge_update", _SENDER, _RECEIVER, writes=("edge", identity(_PAIR)))
"""Each node pair updates its own state from its ends.

Maths: `edge[u,v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V`
"""

edge_update_sparse = _layer("edge_update_sparse", source, target, writes=("edge", identity(E)))
"""Each edge updates its own state from its ends.

Maths: `edge[e] += node[source(e)] * node[target(e)] * edge[e] * graph  for e in E`
"""

node_edge_update = (
    message_passing_dense.renamed(messages={"pair": "pair_node"})
    .pair(edge_update.renamed(messages={"pair": "pair_edge"}))
    .renamed("node_edge_update")
)
"""Nodes and node pairs updated from the same messages, sent once to each.

This is diagram (7), repaired: there each message goes to two places, so that o is no function.
"""

triplet = _diagram(
    "triplet",
    {"node": V, "edge": _PAIR, "graph": ONE},
    _message(
        "triplet",
        {
            "u": ("node", project(_TRIPLE, 0)),
            "v": ("node", project(_TRIPLE, 1)),
            "w": ("node", project(_TRIPLE, 2)),
            "uv": ("edge", project(_TRIPLE, 0, 1)),
            "uw": ("edge", project(_TRIPLE, 0, 2)),
            "wv": ("edge", project(_TRIPLE, 2, 1)),
            "graph": ("graph", terminal(_TRIPLE)),
        },
        writes=("edge", project(_TRIPLE, 0, 1)),
    ),
)
"""Each node pair u,v combines, over a third node w, all it knows about the three: diagram (9).

Maths: `edge[u,v] += node[u] * node[v] * node[w] * edge[u,v] * edge[u,w] * edge[w,v] * graph`
"""

node_triplet_update = message_passing_dense.pair(triplet).renamed("node_triplet_update")
"""Nodes updated from node pairs, and node pairs from triples: diagram (10)."""

floyd_warshall = _diagram(
    "floyd_warshall",
    {"edge": _PAIR},
    _message(
        "triple",
        {"left": ("edge", project(_TRIPLE, 0, 1)), "right": ("edge", project(_TRIPLE, 1, 2))},
        writes=("edge", project(_TRIPLE, 0, 2)),
    ),
)
"""Two steps over each middle node: a matrix, squared.

Over `min_plus` with a zero diagonal, ceil(log2 n) repetitions give all shortest distances.

Maths: `edge[u,w] += edge[u,v] * edge[v,w]  for u,v,w in V*V*V`
"""

readout = _span("readout", reads=("node", identity(V)), writes=("graph", terminal(V)))
"""The graph combines the features of its nodes.

Maths: `graph += node[v]  for v in V`
"""

readout_with_pairs = _diagram(
    "readout_with_pairs",
    {"node": V, "edge": _PAIR},
    _message("node", {"value": ("node", identity(V))}, writes=("graph", terminal(V))),
    _message("pair", {"value": ("edge", identity(_PAIR))}, writes=("graph", terminal(_PAIR))),
)
"""The graph combines the features of its nodes and of its node pairs.

Maths: `graph += node[v]  for v in V` and `graph += edge[u,v]  for u,v in V*V`
"""

broadcast = _span("broadcast", reads=("graph", terminal(V)), writes=("node", identity(V)))
"""Each node reads the graph.

Maths: `node[v] += graph  for v in V`
"""

pair_readout = _diagram(
    "pair_readout",
    {"node": V},
    _message(
        "pair",
        {"sender": ("node", _SENDER), "receiver": ("node", _RECEIVER)},
        writes=("edge", identity(_PAIR)),
    ),
)
"""Each node pair reads its two nodes.

Maths: `edge[u,v] += node[u] * node[v]  for u,v in V*V`
"""


def pointer_read(name: str) -> PolynomialDiagram:
    """Each node reads the node that it points to: one step of pointer chasing.

    Args:
      name: The pointer, a map from nodes to nodes that is given when the diagram runs.

    Example:
      >>> print(pointer_read("parent").formula)
      node[v] += node[parent(v)]  for v in V
    """
    return _span("pointer", reads=("node", follow(name)), writes=("node", identity(V)))


pointer = pointer_read("pi")
"""Each node reads the node that it points to, where the pointer is called `pi`.

Maths: `node[v] += node[pi(v)]  for v in V`
"""

pointer_push = _span("pointer_push", reads=("node", identity(V)), writes=("node", follow("pi")))
"""Each node combines what the nodes that point to it send: `pointer`, reversed.

Maths: `node[pi(v)] += node[v]  for v in V`
"""


def weisfeiler_leman(k: int) -> PolynomialDiagram:
    """Each k-tuple combines, over a new node, the k tuples in which it replaces one of the old.

    This is the folklore form; for k = 2 it is `floyd_warshall`, up to the order of the two factors.

    Args:
      k: The number of nodes in a tuple, at least 1.

    Raises:
      InputError: `k` is less than 1.

    Example:
      >>> print(weisfeiler_leman(2))
      weisfeiler_leman_2: V*V <- 2 V*V*V -> V*V*V -> V*V
      >>> print(weisfeiler_leman(2).formula)
      tuple[u,v] += tuple[w,v] * tuple[u,w]  for u,v,w in V*V*V
    """
    if k < 1:
        raise InputError(f"weisfeiler_leman got k={k}. A tuple has at least one node.")
    extended, kept = V ** (k + 1), range(k)
    roles = {
        f"replace_{j}": (
            "tuple",
            project(extended, *(k if place == j else place for place in kept)),
        )
        for j in kept
    }
    message = _message("extended", roles, writes=("tuple", project(extended, *kept)))
    return _diagram(f"weisfeiler_leman_{k}", {"tuple": V**k}, message)


ALL: tuple[PolynomialDiagram, ...] = (
    message_passing_sparse,
    message_passing_dense,
    bellman_ford,
    bellman_ford_dense,
    convolution,
    edge_update,
    edge_update_sparse,
    node_edge_update,
    triplet,
    node_triplet_update,
    floyd_warshall,
    readout,
    readout_with_pairs,
    broadcast,
    pair_readout,
    pointer,
    pointer_push,
)
"""Every diagram here that has no parameter, once."""
