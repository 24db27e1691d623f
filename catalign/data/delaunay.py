"""Delaunay triangulations of random points, as edge lists; computed on the host by SciPy."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import Delaunay as Triangulation
from scipy.spatial import QhullError

from catalign._errors import InputError, ShapeMismatchError
from catalign._typing import KeyArray
from catalign.distributions.edge_list import AbstractEdgeListLaw, EdgeList
from catalign.distributions.random import uniform


@dataclass(frozen=True)
class Delaunay(AbstractEdgeListLaw):
    """The Delaunay triangulation of points uniform in the unit square: planar, connected.

    The points are drawn on the device and triangulated on the host, one graph after another, also
    inside of jit and vmap. Fewer than 4 points are all joined.

    Example:
      >>> edges = Delaunay().sample(jax.random.key(0), 3)
      >>> edges.senders.tolist(), edges.receivers.tolist()
      ([1, 2, 0, 2, 0, 1], [0, 0, 1, 1, 2, 2])

    Source: Delaunay 1934; as a family of test graphs: Minder et al. 2023, arXiv 2309.12253.
    """

    directed: ClassVar[bool] = False

    def capacity(self, n: int) -> int:
        """The number of places of the edge list of a graph on `n` nodes.

        Maths: a planar graph of n > 2 nodes has at most `3 n - 6` edges, and each has two places.
        """
        return 2 * max(3 * n - 6, 1)

    def sample(self, key: KeyArray, n: int) -> EdgeList:
        """Draws the edge list of a graph on `n` nodes."""
        places = self.capacity(n)
        shape = jax.ShapeDtypeStruct((2, places), jnp.int32)
        senders, receivers = jax.pure_callback(
            lambda points: _padded(np.asarray(points), places),
            shape,
            uniform(key, (n, 2)),
            vmap_method="sequential",
        )
        return EdgeList(senders=senders, receivers=receivers, n_node=n)


def delaunay_edges(points: Float[np.ndarray, "n d"]) -> Int[np.ndarray, "2 e"]:
    """The edges of the Delaunay triangulation of points in the plane, in both directions.

    Args:
      points: Their coordinates.

    Returns:
      Senders and receivers, in the order of the receivers, then of the senders.

    Raises:
      ShapeMismatchError: The points are not in the plane.
      InputError: A coordinate is not finite.

    Example:
      >>> delaunay_edges(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.1]])).shape
      (2, 10)
    """
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeMismatchError(
            f"`points` has shape {points.shape}, but points in the plane have shape (n, 2)."
        )
    if not np.isfinite(points).all():
        raise InputError("`points` has a coordinate that is not finite. Give finite numbers.")
    n = len(points)
    if n < 4:
        ends = np.argwhere(~np.eye(n, dtype=bool))
    else:
        sides = _triangles(points)[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).astype(np.int64)
        ends = np.concatenate([sides, sides[:, ::-1]])
    code = np.unique(ends[:, 1] * n + ends[:, 0])
    return np.stack([code % n, code // n])


def _triangles(points: np.ndarray) -> np.ndarray:
    try:
        return Triangulation(points).simplices
    except QhullError:
        # All points lie on one line. "QJ" moves them by a hair, so that there are triangles.
        return Triangulation(points, qhull_options="QJ Qbb Qc Q12").simplices


def _padded(points: np.ndarray, places: int) -> Int[np.ndarray, "2 e"]:
    n = len(points)
    edges = delaunay_edges(points.astype(np.float64))
    padding = np.full((2, places - edges.shape[1]), n)
    return np.concatenate([edges, padding], axis=1).astype(np.int32)
