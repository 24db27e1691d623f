"""Named polynomial diagrams: what the layers in use look like as types.

Nodes are u, v, w, and a field on pairs is read `edge[u,v]`: from the sender u to the receiver v.
Each constructor's docstring gives the type and the formula that the diagram prints.

| number in the paper | here |
|---|---|
| (6) Bellman-Ford | `bellman_ford` |
| MPNN | `message_passing_sparse`, `message_passing_dense` |
| (7) naive edge update, o is no function | refused; repaired: `node_edge_update` |
| (9) | `triplet` |
| (10) | `node_triplet_update` |

Source: Dudzik & Velickovic 2022, sections 3 to 5.
"""

from catalign._errors import InputError
from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import Leg, identity, project, source, target, terminal
from catalign.polynomial.leg import pointer as follow
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import ONE, E, Sort, V


def message_passing_sparse() -> PolynomialDiagram:
    """Message passing along the edges of a graph, with node, edge and graph features.

    Example:
      >>> print(message_passing_sparse())
      message_passing_sparse: V + E + ONE <- 4 E -> E -> V
      >>> print(message_passing_sparse().formula)
      node[target(e)] += node[source(e)] * node[target(e)] * edge[e] * graph  for e in E
    """
    return _layer("message_passing_sparse", E, source, target, lands=("node", target))


def message_passing_dense() -> PolynomialDiagram:
    """Message passing along all ordered pairs of nodes: the processors of CLRS.

    Example:
      >>> print(message_passing_dense())
      message_passing_dense: V + V*V + ONE <- 4 V*V -> V*V -> V
      >>> print(message_passing_dense().formula)
      node[v] += node[u] * node[v] * edge[u,v] * graph  for u,v in V*V
    """
    sender, receiver = project(V * V, 0), project(V * V, 1)
    return _layer("message_passing_dense", V * V, sender, receiver, lands=("node", receiver))


def bellman_ford() -> PolynomialDiagram:
    """One relaxation of all edges, with a bias b at the nodes; b = 0 keeps the old distance.

    Example:
      >>> print(bellman_ford())
      bellman_ford: 2 V + E <- 2 V + 2 E -> V + E -> V
      >>> print(bellman_ford().formula)
      f[v] += f[v] * b[v]  for v in V
      f[target(e)] += f[source(e)] * w[e]  for e in E
    """
    return _relaxation("bellman_ford", E, source, target)


def bellman_ford_dense() -> PolynomialDiagram:
    """One relaxation of all pairs of nodes, where a missing edge has the weight zero of the semiring.

    Example:
      >>> print(bellman_ford_dense())
      bellman_ford_dense: 2 V + V*V <- 2 V + 2 V*V -> V + V*V -> V
    """
    return _relaxation("bellman_ford_dense", V * V, project(V * V, 0), project(V * V, 1))


def convolution() -> PolynomialDiagram:
    """Each node combines the features of its senders: a span, with the kernel of an isotropic convolution.

    Example:
      >>> print(convolution())
      convolution: V <- E -> E -> V
    """
    return _span("convolution", E, ("node", V, source), ("node", V, target))


def edge_update() -> PolynomialDiagram:
    """Each pair of nodes updates its own state from its ends.

    Example:
      >>> print(edge_update())
      edge_update: V + V*V + ONE <- 4 V*V -> V*V -> V*V
    """
    return _layer(
        "edge_update", V * V, project(V * V, 0), project(V * V, 1), lands=("edge", identity(V * V))
    )


def edge_update_sparse() -> PolynomialDiagram:
    """Each edge updates its own state from its ends.

    Example:
      >>> print(edge_update_sparse())
      edge_update_sparse: V + E + ONE <- 4 E -> E -> E
    """
    return _layer("edge_update_sparse", E, source, target, lands=("edge", identity(E)))


def node_edge_update() -> PolynomialDiagram:
    """Nodes and pairs updated from the same messages, sent once to each: diagram (7), repaired.

    In the paper's (7) each message goes to two places, so that o is no function.

    Example:
      >>> print(node_edge_update())
      node_edge_update: V + V*V + ONE <- 8 V*V -> 2 V*V -> V + V*V
    """
    nodes = message_passing_dense().renamed(messages={"pair": "pair_node"})
    edges = edge_update().renamed(messages={"pair": "pair_edge"})
    return nodes.pair(edges).renamed("node_edge_update")


def triplet() -> PolynomialDiagram:
    """Each pair of nodes combines, over a third node, all it knows about the three: diagram (9).

    Example:
      >>> print(triplet())
      triplet: V + V*V + ONE <- 7 V*V*V -> V*V*V -> V*V
      >>> print(triplet().formula)
      edge[u,v] += node[u] * node[v] * node[w] * edge[u,v] * edge[u,w] * edge[w,v] * graph  for
      u,v,w in V*V*V
    """
    u_v_w = V**3
    roles = {"u": (0,), "v": (1,), "w": (2,), "uv": (0, 1), "uw": (0, 2), "wv": (2, 1)}
    arguments = [
        Argument(role, "node" if len(kept) == 1 else "edge", project(u_v_w, *kept))
        for role, kept in roles.items()
    ]
    graph = Argument("graph", "graph", terminal(u_v_w))
    return PolynomialDiagram(
        "triplet",
        {"node": V, "edge": V * V, "graph": ONE},
        outputs={"edge": V * V},
        summands=[
            Message("triplet", u_v_w, (*arguments, graph), Output("edge", project(u_v_w, 0, 1)))
        ],
    )


def node_triplet_update() -> PolynomialDiagram:
    """Nodes updated from pairs, and pairs from triples: diagram (10).

    Example:
      >>> print(node_triplet_update())
      node_triplet_update: V + V*V + ONE <- 4 V*V + 7 V*V*V -> V*V + V*V*V -> V + V*V
    """
    return message_passing_dense().pair(triplet()).renamed("node_triplet_update")


def floyd_warshall() -> PolynomialDiagram:
    """All pairs of nodes combine two steps over each middle node: one squaring of a matrix.

    Over `min_plus` with a zero diagonal, ceil(log2 n) repetitions give all shortest distances.

    Example:
      >>> print(floyd_warshall())
      floyd_warshall: V*V <- 2 V*V*V -> V*V*V -> V*V
      >>> print(floyd_warshall().formula)
      edge[u,w] += edge[u,v] * edge[v,w]  for u,v,w in V*V*V
    """
    u_v_w = V**3
    arguments = (
        Argument("left", "edge", project(u_v_w, 0, 1)),
        Argument("right", "edge", project(u_v_w, 1, 2)),
    )
    return PolynomialDiagram(
        "floyd_warshall",
        {"edge": V * V},
        outputs={"edge": V * V},
        summands=[Message("triple", u_v_w, arguments, Output("edge", project(u_v_w, 0, 2)))],
    )


def weisfeiler_leman(k: int) -> PolynomialDiagram:
    """The folklore form: each k-tuple combines, over a new node, the k tuples with one node replaced by it.

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
    arguments = tuple(
        Argument(
            f"replace_{j}",
            "tuple",
            project(extended, *(k if position == j else position for position in kept)),
        )
        for j in kept
    )
    return PolynomialDiagram(
        f"weisfeiler_leman_{k}",
        {"tuple": V**k},
        outputs={"tuple": V**k},
        summands=[
            Message("extended", extended, arguments, Output("tuple", project(extended, *kept)))
        ],
    )


def readout() -> PolynomialDiagram:
    """The graph combines the features of its nodes.

    Example:
      >>> print(readout())
      readout: V <- V -> V -> ONE
    """
    return _span("readout", V, ("node", V, identity(V)), ("graph", ONE, terminal(V)))


def readout_with_pairs() -> PolynomialDiagram:
    """The graph combines the features of its nodes and those of its pairs of nodes.

    Example:
      >>> print(readout_with_pairs())
      readout_with_pairs: V + V*V <- V + V*V -> V + V*V -> ONE
    """
    summands = [
        Message(
            name,
            sort,
            (Argument("value", name, identity(sort)),),
            Output("graph", terminal(sort)),
        )
        for name, sort in (("node", V), ("edge", V * V))
    ]
    return PolynomialDiagram(
        "readout_with_pairs", {"node": V, "edge": V * V}, outputs={"graph": ONE}, summands=summands
    )


def broadcast() -> PolynomialDiagram:
    """Each node reads the graph.

    Example:
      >>> print(broadcast())
      broadcast: ONE <- V -> V -> V
    """
    return _span("broadcast", V, ("graph", ONE, terminal(V)), ("node", V, identity(V)))


def pair_readout() -> PolynomialDiagram:
    """Each pair of nodes reads its two nodes.

    Example:
      >>> print(pair_readout())
      pair_readout: V <- 2 V*V -> V*V -> V*V
      >>> print(pair_readout().formula)
      edge[u,v] += node[u] * node[v]  for u,v in V*V
    """
    ends = (
        Argument("sender", "node", project(V * V, 0)),
        Argument("receiver", "node", project(V * V, 1)),
    )
    return PolynomialDiagram(
        "pair_readout",
        {"node": V},
        outputs={"edge": V * V},
        summands=[Message("pair", V * V, ends, Output("edge", identity(V * V)))],
    )


def pointer(name: str = "pi") -> PolynomialDiagram:
    """Each node reads the node that it points to: one step of pointer chasing.

    Args:
      name: The pointer, a map from nodes to nodes that is given when the diagram runs.

    Example:
      >>> print(pointer())
      pointer: V <- V -> V -> V
      >>> print(pointer("parent").formula)
      node[v] += node[parent(v)]  for v in V
    """
    return _span("pointer", V, ("node", V, follow(name)), ("node", V, identity(V)))


def pointer_push(name: str = "pi") -> PolynomialDiagram:
    """Each node combines what the nodes that point to it send: `pointer`, reversed.

    Args:
      name: The pointer, a map from nodes to nodes that is given when the diagram runs.

    Example:
      >>> print(pointer_push("parent").formula)
      node[parent(v)] += node[v]  for v in V
    """
    return _span("pointer_push", V, ("node", V, identity(V)), ("node", V, follow(name)))


def _layer(
    name: str, pair: Sort, sender: Leg, receiver: Leg, *, lands: tuple[str, Leg]
) -> PolynomialDiagram:
    inputs = {"node": V, "edge": pair, "graph": ONE}
    arguments = (
        Argument("sender", "node", sender),
        Argument("receiver", "node", receiver),
        Argument("edge", "edge", identity(pair)),
        Argument("graph", "graph", terminal(pair)),
    )
    output, leg = lands
    message = Message("edge" if pair == E else "pair", pair, arguments, Output(output, leg))
    return PolynomialDiagram(name, inputs, outputs={output: leg.cod}, summands=[message])


def _relaxation(name: str, pair: Sort, sender: Leg, receiver: Leg) -> PolynomialDiagram:
    stay = (Argument("distance", "f", identity(V)), Argument("bias", "b", identity(V)))
    relax = (Argument("sender", "f", sender), Argument("weight", "w", identity(pair)))
    return PolynomialDiagram(
        name,
        {"f": V, "b": V, "w": pair},
        outputs={"f": V},
        summands=[
            Message("stay", V, stay, Output("f", identity(V))),
            Message("relax", pair, relax, Output("f", receiver)),
        ],
    )


def _span(
    name: str, sort: Sort, reads: tuple[str, Sort, Leg], writes: tuple[str, Sort, Leg]
) -> PolynomialDiagram:
    source_field, source_sort, i = reads
    target_field, target_sort, o = writes
    message = Message("value", sort, (Argument("value", source_field, i),), Output(target_field, o))
    return PolynomialDiagram(
        name, {source_field: source_sort}, outputs={target_field: target_sort}, summands=[message]
    )


ALL: tuple[PolynomialDiagram, ...] = (
    message_passing_sparse(),
    message_passing_dense(),
    bellman_ford(),
    bellman_ford_dense(),
    convolution(),
    edge_update(),
    edge_update_sparse(),
    node_edge_update(),
    triplet(),
    node_triplet_update(),
    floyd_warshall(),
    weisfeiler_leman(2),
    readout(),
    readout_with_pairs(),
    broadcast(),
    pair_readout(),
    pointer(),
    pointer_push(),
)
"""Every diagram here, once."""
