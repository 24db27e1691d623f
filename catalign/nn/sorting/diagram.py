"""The polynomial diagram of one layer of the network: a place reads itself and its partner."""

import numpy as np
from jaxtyping import Int

from catalign.polynomial.diagram import PolynomialDiagram
from catalign.polynomial.leg import identity, pointer
from catalign.polynomial.message import Argument, Message, Output
from catalign.polynomial.sort import V

compare = PolynomialDiagram(
    "compare",
    {"record": V},
    outputs={"record": V},
    summands=[
        Message(
            "place",
            V,
            (
                Argument("own", "record", identity(V)),
                Argument("other", "record", pointer("partner")),
            ),
            Output("record", identity(V)),
        )
    ],
)
"""One layer: each place takes the lesser or the greater of its record and its partner's.

Maths: `record[v] += record[v] * record[partner(v)]  for v in V`. The product is the lesser record
at the first of two partners, as in `max_min` for numbers, and the greater one at the second, as in
`min_max`. What the lesser is, the comparator says.
"""


def partners(size: int, layer: tuple[int, int]) -> Int[np.ndarray, "n"]:
    """The pointer of a layer: the place that each is compared with; itself if with none.

    Maths: (p, k) compares v with v + k if both are in one run of 2 p and `(v - r) mod 2 k < k`,
      for `v >= r`, with r = 0 in the first layer of each p, where k = p, and r = k in the others.

    Args:
      size: The number of records.
      layer: One of `layers(size)`.

    Example:
      >>> partners(8, (4, 2)).tolist()
      [0, 1, 4, 5, 2, 3, 6, 7]

    Source: Knuth, The Art of Computer Programming, volume 3, section 5.2.2, algorithm M.
    """
    p, k = layer
    place = np.arange(size)
    offset = place - (0 if p == k else k)
    is_low = (offset >= 0) & (offset % (2 * k) < k) & (place + k < size)
    low = place[is_low & (place // (2 * p) == (place + k) // (2 * p))]
    place[low], place[low + k] = low + k, low
    return place
