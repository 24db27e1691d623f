"""Which instances an algorithm takes, and running a reasoner on one."""

from catalign._errors import InputError
from catalign.algorithms.algorithm import Algorithm
from catalign.algorithms.spec import Spec
from catalign.nn.reasoner import AbstractReasoner
from tasks import instance
from tasks.answer import Answer, Verdict
from tasks.graph_input import Graph
from tasks.instance import Instance
from tasks.solve_addition import adds, solve_addition
from tasks.solve_graph import graph_roles, solve_graph
from tasks.solve_numbers import solve_numbers, sorts


def reads(spec: Spec) -> str:
    """What a file holds for an algorithm with this spec; empty if no file format does."""
    if graph_roles(spec) is not None:
        return instance.GRAPH
    if sorts(spec):
        return instance.NUMBERS
    return instance.INTEGERS if adds(spec) else ""


def solve(
    algorithm: Algorithm,
    reasoner: AbstractReasoner,
    given: Instance,
    *,
    source: str | None = None,
) -> tuple[Answer, Verdict]:
    """Runs a reasoner on an instance, and checks its answer.

    Args:
      algorithm: What the reasoner learned.
      reasoner: The trained reasoner.
      given: An instance of what the algorithm `reads`.
      source: Graphs only: the name of the node to start from.

    Raises:
      InputError: The instance is outside the algorithm's domain, or `source` does not fit.
      UnsupportedError: The instance is too large for the reasoner.
    """
    if isinstance(given, Graph):
        return solve_graph(algorithm, reasoner, given, source=source)
    if source is not None:
        raise InputError(f"--source is for graphs, but {algorithm.name} takes none. Leave it out.")
    if isinstance(given, tuple):
        return solve_addition(algorithm, reasoner, *given)
    return solve_numbers(algorithm, reasoner, given)
