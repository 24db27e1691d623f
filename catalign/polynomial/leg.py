"""Legs: the structural maps between sorts that wire a diagram.

A leg `S -> T` says, for each factor of T, which factor of S it is computed from and through which
arrows. The arrows are `source` and `target`, from edges to nodes, and *pointers*: named maps from
nodes to nodes that are known only when the diagram runs. So a leg is a map of the free category
with finite products on these arrows; it is always total and single-valued, and it is natural in the
graph.

Axioms:
  >>> f = project(V * V * V, 0, 2)
  >>> identity(V * V * V).then(f) == f == f.then(identity(V * V))
  True
  >>> source.then(pointer("pi"))
  Leg(E -> V: e -> pi(source(e)))
  >>> pair(source, target).then(project(V * V, 1)) == target
  True
"""

from dataclasses import dataclass

from catalign._errors import AxiomError, InputError
from catalign.polynomial.sort import ONE, Base, E, Sort, V


@dataclass(frozen=True)
class Arrow:
    """A generating map between base sorts.

    Args:
      name: Its name.
      dom: The base sort it starts from.
      cod: The base sort it ends in.
      is_pointer: Whether it is known only when the diagram runs.
    """

    name: str
    dom: Base
    cod: Base
    is_pointer: bool = False


SOURCE = Arrow("source", Base.E, Base.V)
TARGET = Arrow("target", Base.E, Base.V)


@dataclass(frozen=True)
class Coordinate:
    """One coordinate of the image: a factor of the domain, followed by arrows.

    Args:
      position: Which factor of the domain.
      arrows: What is applied to it, first to last.
    """

    position: int
    arrows: tuple[Arrow, ...] = ()


@dataclass(frozen=True, repr=False)
class Leg:
    """A map between sorts, one coordinate for each factor of the codomain.

    Args:
      dom: Where it starts.
      cod: Where it ends.
      coordinates: How each factor of `cod` is computed from those of `dom`.

    Raises:
      AxiomError: The coordinates do not give a map `dom -> cod`.

    Example:
      >>> leg = project(V * V, 1)
      >>> print(leg, "|", leg.dom, "->", leg.cod, "|", leg.positions)
      u,v -> v | V*V -> V | (1,)
    """

    dom: Sort
    cod: Sort
    coordinates: tuple[Coordinate, ...]

    def __post_init__(self) -> None:
        if len(self.coordinates) != self.cod.rank:
            raise AxiomError(
                f"A leg {self.dom} -> {self.cod} needs {self.cod.rank} coordinates and got "
                f"{len(self.coordinates)}."
            )
        for k, (coordinate, wanted) in enumerate(
            zip(self.coordinates, self.cod.factors, strict=True)
        ):
            if not 0 <= coordinate.position < self.dom.rank:
                raise AxiomError(
                    f"Coordinate {k} of a leg {self.dom} -> {self.cod} reads the factor "
                    f"{coordinate.position}, but {self.dom} has {self.dom.rank} of them."
                )
            reached = self.dom.factors[coordinate.position]
            for arrow in coordinate.arrows:
                if arrow.dom is not reached:
                    raise AxiomError(
                        f"Coordinate {k} of a leg {self.dom} -> {self.cod} applies {arrow.name}: "
                        f"{arrow.dom.name} -> {arrow.cod.name} to an element of {reached.name}."
                    )
                reached = arrow.cod
            if reached is not wanted:
                raise AxiomError(
                    f"Coordinate {k} of a leg {self.dom} -> {self.cod} ends in {reached.name} "
                    f"instead of {wanted.name}."
                )

    @property
    def positions(self) -> tuple[int, ...] | None:
        """The factors that a projection keeps, in order; None if the leg uses an arrow."""
        if any(c.arrows for c in self.coordinates):
            return None
        return tuple(c.position for c in self.coordinates)

    @property
    def pointers(self) -> tuple[str, ...]:
        """The names of the pointers that it follows, each once."""
        return tuple(
            dict.fromkeys(a.name for c in self.coordinates for a in c.arrows if a.is_pointer)
        )

    @property
    def is_isomorphism(self) -> bool:
        """Whether it only reorders the factors, so that it is a bijection on every graph."""
        return self.positions is not None and sorted(self.positions) == list(range(self.dom.rank))

    def then(self, after: "Leg") -> "Leg":
        """The composite that applies this leg first.

        Raises:
          AxiomError: `after` starts elsewhere than this leg ends.
        """
        if self.cod != after.dom:
            raise AxiomError(
                f"cannot compose legs: the first ends in {self.cod} ({self.cod.words}) but the "
                f"second starts from {after.dom} ({after.dom.words}).\n"
                f"  first  = {self.dom} -> {self.cod}: {self}\n"
                f"  second = {after.dom} -> {after.cod}: {after}"
            )
        through = [(self.coordinates[c.position], c.arrows) for c in after.coordinates]
        composed = tuple(Coordinate(c.position, c.arrows + arrows) for c, arrows in through)
        return Leg(self.dom, after.cod, composed)

    def image(self, names: tuple[str, ...]) -> str:
        """The image of an element whose factors have these names, such as `u,v` or `source(e)`."""
        written = []
        for coordinate in self.coordinates:
            name = names[coordinate.position]
            for arrow in coordinate.arrows:
                name = f"{arrow.name}({name})"
            written.append(name)
        return ",".join(written)

    def __str__(self) -> str:
        names = variables(self.dom)
        return f"{','.join(names) or '()'} -> {self.image(names) or '()'}"

    def __repr__(self) -> str:
        return f"Leg({self.dom} -> {self.cod}: {self})"


def variables(sort: Sort) -> tuple[str, ...]:
    """Names for the factors of an element: v for one node, u, v, w, ... for several, e for an edge.

    Example:
      >>> variables(V), variables(V * V * V), variables(E * V)
      (('v',), ('u', 'v', 'w'), ('e', 'v'))
    """
    letters = {
        Base.V: ("v",) if sort.factors.count(Base.V) == 1 else tuple("uvwxyz"),
        Base.E: tuple("efgh"),
    }
    seen = {Base.V: 0, Base.E: 0}
    names = []
    for base in sort.factors:
        k, known = seen[base], letters[base]
        names.append(known[k] if k < len(known) else f"{known[-1]}{k}")
        seen[base] += 1
    return tuple(names)


def identity(sort: Sort) -> Leg:
    """The leg that changes nothing."""
    return project(sort, *range(sort.rank))


def project(sort: Sort, *positions: int) -> Leg:
    """The leg that keeps these factors, in this order; a factor may be kept twice.

    Raises:
      InputError: A position is no factor of `sort`.

    Example:
      >>> project(V * V * V, 0, 2)
      Leg(V*V*V -> V*V: u,v,w -> u,w)
    """
    for k in positions:
        if not 0 <= k < sort.rank:
            raise InputError(
                f"project({sort}, ...) got position {k}; {sort} has the positions 0 to "
                f"{sort.rank - 1}."
            )
    cod = Sort(tuple(sort.factors[k] for k in positions))
    return Leg(sort, cod, tuple(Coordinate(k) for k in positions))


def terminal(sort: Sort) -> Leg:
    """The only leg to `ONE`: it forgets everything."""
    return Leg(sort, ONE, ())


def pointer(name: str) -> Leg:
    """A map from nodes to nodes that is given when the diagram runs.

    Args:
      name: The key under which the map is given.

    Raises:
      InputError: The name is not an identifier, or is taken by an end of an edge.

    Example:
      >>> pointer("parent")
      Leg(V -> V: v -> parent(v))
    """
    if not name.isidentifier() or name in (SOURCE.name, TARGET.name):
        raise InputError(
            f"pointer got the name {name!r}. Use an identifier other than 'source' and 'target'."
        )
    return Leg(V, V, (Coordinate(0, (Arrow(name, Base.V, Base.V, is_pointer=True),)),))


def pair(first: Leg, second: Leg) -> Leg:
    """The leg whose image is that of `first` followed by that of `second`.

    Raises:
      AxiomError: The legs start from different sorts.

    Example:
      >>> pair(source, target)
      Leg(E -> V*V: e -> source(e),target(e))
    """
    if first.dom != second.dom:
        raise AxiomError(f"cannot pair legs that start from {first.dom} and from {second.dom}.")
    cod = Sort(first.cod.factors + second.cod.factors)
    return Leg(first.dom, cod, first.coordinates + second.coordinates)


source = Leg(E, V, (Coordinate(0, (SOURCE,)),))
"""The node that an edge leaves."""

target = Leg(E, V, (Coordinate(0, (TARGET,)),))
"""The node that an edge enters."""
