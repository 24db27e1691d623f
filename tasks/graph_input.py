"""Reads a weighted graph from a CSV edge list, a MatrixMarket file or a networkx node-link JSON."""

import csv
import difflib
import io
import json
import math
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import scipy.sparse

from catalign._errors import InputError
from tasks.text_input import read_text

_SENDER = ("source", "src", "from", "sender", "tail", "u")
_RECEIVER = ("target", "dst", "to", "receiver", "head", "v")
_WEIGHT = ("weight", "w", "cost", "length", "distance", "value")


@dataclass(frozen=True, kw_only=True, eq=False)
class Graph:
    """A graph without self-loops or parallel edges, on the host.

    Attributes:
      names: The nodes' names; a node's index is its place here.
      senders: Where each edge starts, int32.
      receivers: Where each edge ends, int32. Edges are sorted by receiver, then sender.
      weights: The weight of each edge, float64.
      directed: Whether the file's edges have a direction. If not, each edge is here in both.
      notes: What was left out while reading, for the user.
    """

    names: tuple[str, ...]
    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray
    directed: bool
    notes: tuple[str, ...] = ()

    @property
    def n_node(self) -> int:
        """The number of nodes."""
        return len(self.names)

    def index(self, flag: str, name: str) -> int:
        """The index of a node.

        Raises:
          InputError: No node has this name; the message lists the nearest ones.
        """
        if name in self.names:
            return self.names.index(name)
        near = difflib.get_close_matches(name, self.names, n=3, cutoff=0.5) or list(self.names[:5])
        raise InputError(
            f"{flag} is {name!r}, which is no node of the graph. Nodes: {', '.join(near)}, ..."
        )

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """The n x n weights (0 where there is no edge) and the n x n mask of edges."""
        weights = np.zeros((self.n_node, self.n_node))
        mask = np.zeros((self.n_node, self.n_node), dtype=bool)
        weights[self.senders, self.receivers] = self.weights
        mask[self.senders, self.receivers] = True
        return weights, mask


@dataclass(frozen=True, eq=False)
class _Edges:
    """What a file says, before loops and parallel edges are dropped."""

    names: list[str]
    senders: list[int] | np.ndarray
    receivers: list[int] | np.ndarray
    weights: list[float] | np.ndarray
    directed: bool


def read_graph(path: Path, *, directed: bool | None = None, weight: str | None = None) -> Graph:
    """Reads a graph; the format is that of the file's suffix.

    | suffix | format | direction, unless given |
    |---|---|---|
    | `.mtx` | MatrixMarket, coordinate or array | undirected if the header says symmetric |
    | `.json` | networkx node-link | the file's `directed` |
    | other | an edge list: source, target and optional weight | directed |

    An edge list has commas, semicolons, tabs or spaces, and may have a header.

    Args:
      path: The file.
      directed: Whether the edges have a direction; the format decides if left out.
      weight: The name of the column or edge attribute that holds the weight. Where a file has
        none, every edge weighs 1.

    Raises:
      InputError: The file is missing or not of its format, or a weight is not a finite number.
    """
    suffix = path.suffix.lower()
    if suffix == ".mtx":
        edges = _read_matrix_market(path)
    elif suffix == ".json":
        edges = _read_node_link(path, weight or "weight")
    else:
        edges = _read_edge_list(path, weight)
    return _build(path, edges, edges.directed if directed is None else directed)


def _build(path: Path, edges: _Edges, directed: bool) -> Graph:
    n = len(edges.names)
    if n == 0:
        raise InputError(f"{path} holds no nodes. Give at least one edge.")
    senders = np.asarray(edges.senders, dtype=np.int64)
    receivers = np.asarray(edges.receivers, dtype=np.int64)
    weights = np.asarray(edges.weights, dtype=np.float64)
    notes = []
    loops = senders == receivers
    if np.any(weights[loops] < 0):
        name = edges.names[senders[loops & (weights < 0)][0]]
        raise InputError(
            f"{path}: node {name!r} has a self-loop of negative weight: a negative cycle."
        )
    if loops.any():
        notes.append(f"{int(loops.sum())} self-loops were left out: they are on no shortest path.")
        senders, receivers, weights = senders[~loops], receivers[~loops], weights[~loops]
    if not directed:
        senders, receivers = (
            np.concatenate([senders, receivers]),
            np.concatenate([receivers, senders]),
        )
        weights = np.concatenate([weights, weights])
    order = np.lexsort((weights, senders, receivers))
    senders, receivers, weights = senders[order], receivers[order], weights[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (senders[1:] != senders[:-1]) | (receivers[1:] != receivers[:-1])
    differing = ~first & (
        weights != weights[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    )
    if differing.any():
        notes.append(
            f"{int(differing.sum())} parallel edges were left out: the lightest of each stays."
        )
    return Graph(
        names=tuple(edges.names),
        senders=senders[first].astype(np.int32),
        receivers=receivers[first].astype(np.int32),
        weights=weights[first],
        directed=directed,
        notes=tuple(notes),
    )


def _read_edge_list(path: Path, weight: str | None) -> _Edges:
    rows = _rows(path)
    if not rows:
        raise InputError(f"{path} holds no edges. Write one edge a line: source,target,weight.")
    columns, start = _columns(path, rows[0], weight)
    wide = max(c for c in columns if c is not None)
    index: dict[str, int] = {}
    senders, receivers, weights = [], [], []
    for line, row in rows[start:]:
        if len(row) <= wide:
            raise InputError(f"{path}, line {line}: {len(row)} fields, but an edge has {wide + 1}.")
        senders.append(index.setdefault(row[columns[0]], len(index)))
        receivers.append(index.setdefault(row[columns[1]], len(index)))
        weights.append(
            1.0 if columns[2] is None else _weight(f"{path}, line {line}", row[columns[2]])
        )
    return _sorted_by_number(_Edges(list(index), senders, receivers, weights, directed=True))


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    text = read_text(path)
    lines = [
        line
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith(("#", "%"))
    ]
    if not lines:
        return []
    delimiter = next((d for d in ",;\t" if d in lines[0]), " ")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for row in reader:
            fields = [field.strip() for field in row if field or delimiter != " "]
            if any(fields) and not fields[0].startswith(("#", "%")):
                rows.append((reader.line_num, fields))
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}.") from error
    return rows


def _columns(
    path: Path, first: tuple[int, list[str]], weight: str | None
) -> tuple[tuple[int, int, int | None], int]:
    """The columns of sender, receiver and weight, and the row at which the edges start."""
    line, row = first
    low = [field.lower() for field in row]
    if len(row) < 2:
        raise InputError(
            f"{path}, line {line}: {row[0]!r} is not an edge. Write source,target,weight."
        )
    sender = next((low.index(name) for name in _SENDER if name in low), None)
    receiver = next((low.index(name) for name in _RECEIVER if name in low), None)
    if sender is not None and receiver is not None:
        rest = next((low.index(x) for x in _WEIGHT if x in low), None)
        return (sender, receiver, rest if weight is None else _find(path, row, weight)), 1
    if weight is not None:
        return (0, 1, _find(path, row, weight)), 1
    if len(row) > 2 and not _is_number(row[2]):
        return (0, 1, 2), 1
    return (0, 1, 2 if len(row) > 2 else None), 0


def _find(path: Path, row: list[str], weight: str) -> int:
    if weight not in row:
        raise InputError(f"--weight is {weight!r}, but the columns of {path} are {', '.join(row)}.")
    return row.index(weight)


def _sorted_by_number(edges: _Edges) -> _Edges:
    """Nodes named by whole numbers, in the order of these numbers; others as they appear."""
    try:
        keys = [int(name) for name in edges.names]
    except ValueError:
        return edges
    order = sorted(range(len(keys)), key=keys.__getitem__)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    names = [edges.names[i] for i in order]
    return _Edges(
        names, place[edges.senders], place[edges.receivers], edges.weights, edges.directed
    )


def _read_node_link(path: Path, weight: str) -> _Edges:
    data = _json_object(path)
    links = data.get("edges", data.get("links"))
    nodes = data.get("nodes")
    if not isinstance(nodes, list) or not isinstance(links, list):
        raise InputError(
            f'{path} is no networkx node-link JSON: it needs the lists "nodes" and "edges" '
            '(or "links"). Write one with json.dump(networkx.node_link_data(graph), file).'
        )
    index: dict[Hashable, int] = {}
    names = []
    for place, node in enumerate(nodes):
        key = _key(path, f"nodes[{place}]", node, "id")
        if key in index:
            raise InputError(f"{path}: nodes[{place}] has the id {key!r} of an earlier node.")
        index[key] = len(index)
        names.append(str(node["id"]))
    senders, receivers, weights = [], [], []
    weighted = any(isinstance(link, dict) and weight in link for link in links)
    if not weighted and weight != "weight":
        raise InputError(f"--weight is {weight!r}, but no edge of {path} has such an attribute.")
    for place, link in enumerate(links):
        for end, into in (("source", senders), ("target", receivers)):
            key = _key(path, f"edges[{place}]", link, end)
            if key not in index:
                raise InputError(f"{path}: edges[{place}] has the {end} {key!r}, which is no node.")
            into.append(index[key])
        weights.append(
            _weight(f"{path}, edges[{place}]", link.get(weight, 1.0 if not weighted else None))
        )
    return _Edges(names, senders, receivers, weights, directed=bool(data.get("directed", False)))


def _json_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise InputError(
            f"{path} holds a JSON {type(data).__name__}, but a graph is a node-link object."
        )
    return data


def _key(path: Path, place: str, item: Any, field: str) -> Hashable:
    if not isinstance(item, dict) or field not in item:
        raise InputError(f"{path}: {place} has no {field!r}.")
    value = item[field]
    return tuple(value) if isinstance(value, list) else value


def _read_matrix_market(path: Path) -> _Edges:
    read_text(path)
    try:
        rows, columns, _, _, field, symmetry = scipy.io.mminfo(path)
        matrix = scipy.io.mmread(path, spmatrix=False)
    except (ValueError, OverflowError, IndexError) as error:
        raise InputError(f"{path} is no MatrixMarket file: {error}.") from error
    if rows != columns:
        raise InputError(f"{path} holds a {rows} x {columns} matrix, but a graph has a square one.")
    if field not in ("real", "integer", "pattern") or symmetry not in ("general", "symmetric"):
        raise InputError(
            f"{path} holds a {field} {symmetry} matrix. Weights are real or integer (or a "
            "pattern), and the matrix is general or symmetric."
        )
    entries = scipy.sparse.coo_array(matrix)
    weights = np.ones(entries.nnz) if field == "pattern" else entries.data.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(weights))
    if bad.size:
        place = f"({entries.row[bad[0]] + 1}, {entries.col[bad[0]] + 1})"
        raise InputError(f"{path}: entry {place} is {weights[bad[0]]}, which is not finite.")
    names = [str(i + 1) for i in range(rows)]
    return _Edges(names, entries.row, entries.col, weights, directed=symmetry == "general")


def _weight(place: str, value: Any) -> float:
    if value is None:
        raise InputError(f"{place} has no weight, while other edges have one.")
    if isinstance(value, str) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise InputError(f"{place}: the weight {value!r} is not a finite number.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
