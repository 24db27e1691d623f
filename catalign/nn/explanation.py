"""What an exact reasoner learned, in words: the rules of a program, the tables of transducers."""

from catalign.nn.discrete.explanation import explain_program
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.nn.scan.reasoner import ScanReasoner


def explain(model: Program | DiscreteReasoner | ScanReasoner, *, diagrams: bool = False) -> str:
    """What was learned, as readable text.

    Args:
      model: A program, or a reasoner as `catalign.load` gives it.
      diagrams: Whether the polynomial diagrams follow: of each rule of a program's step (see
        `explain_program`); of transducers the one that each place reads along.

    Example:
      >>> import catalign
      >>> print(explain(catalign.load("parity")))
      parity, learned:
        a letter is x0 = a
      parity_h and parity: read from the first node on
        2 states, moves by x0, writes x0 + g(state)
          state 0, g = 0: 0 -> 0; 1 -> 1
          state 1, g = 1: 1 -> 0; 0 -> 1
    """
    if not isinstance(model, ScanReasoner):
        return explain_program(model, diagrams=diagrams)
    text = model.describe()
    return f"{text}\ndiagram of one letter\n  {model.diagram}" if diagrams else text
