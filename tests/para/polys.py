"""Polynomials and lenses that the tests of Poly share."""

import itertools

from hypothesis import strategies as st

from catalign.para.lens import Lens
from catalign.para.poly import Poly

polys = st.lists(st.integers(0, 2), min_size=1, max_size=2).map(
    lambda sizes: Poly(tuple((i, tuple(range(size))) for i, size in enumerate(sizes)))
)


def all_lenses(p, q):
    """Every lens from p to q, by listing the tables."""
    choices = [
        [(j, back) for j, b in q.terms for back in itertools.product(a, repeat=len(b))]
        for _, a in p.terms
    ]
    for table in itertools.product(*choices):
        rows = dict(zip(p.positions, table, strict=True))
        yield Lens(
            lambda i, rows=rows: rows[i][0],
            lambda i, d, rows=rows: rows[i][1][q.directions(rows[i][0]).index(d)],
            p,
            q,
        )


@st.composite
def lenses(draw, p=None, q=None):
    """A lens between given or drawn polynomials."""
    p = draw(polys) if p is None else p
    q = draw(polys.filter(lambda q: any(not b for _, b in q.terms))) if q is None else q
    rows = {}
    for i, a in p.terms:
        possible = [j for j, b in q.terms if a or not b]
        j = draw(st.sampled_from(possible))
        rows[i] = (j, {d: draw(st.sampled_from(a)) for d in q.directions(j)})
    return Lens(lambda i: rows[i][0], lambda i, d: rows[i][1][d], p, q)
