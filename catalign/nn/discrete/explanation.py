"""What was learned, as pseudo-code: one rule a field; what it selects twice gets a name."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from catalign.nn.discrete.condition import Not
from catalign.nn.discrete.diagram import rule_diagrams
from catalign.nn.discrete.expression import Expression
from catalign.nn.discrete.program import FIXED, Program
from catalign.nn.discrete.rule import Leaf, Rule, Split, Tree, expressions
from catalign.nn.discrete.selection import Select

if TYPE_CHECKING:
    from catalign.nn.discrete.reasoner import DiscreteReasoner

_WIDTH = 76


def explain_program(model: "Program | DiscreteReasoner", *, diagrams: bool = False) -> str:
    """The rules of a program, in the order that they are evaluated.

    Args:
      model: The program, or a reasoner with one.
      diagrams: Whether the polynomial diagram of each rule of the step follows: its type, and what
        its messages read. There a product says which fields a message reads together, and the
        sum over candidates is the choice of the best one.

    `I` and `J` are the nodes that a rule is for, `K` runs over the candidates of a selection, `x'`
    is the next value of `x`, and names in brackets mark one selection.

    Example:
      >>> import catalign
      >>> print(catalign.load("minimum").describe())  # doctest: +ELLIPSIS
      minimum, learned:
      ...
    """
    program = model if isinstance(model, Program) else model.program
    parts = [
        f"{program.name}, learned:",
        "first",
        *(f"  {name} is given" for name in program.given),
        *_rules(program.first),
        "step",
        *_step(program),
        "until",
        *describe_tree(program.halt, "  "),
        "outputs",
        *_rules(program.outputs),
    ]
    if diagrams:
        parts.append("diagrams of the step")
        for diagram in rule_diagrams(program):
            parts.append(f"  {diagram}")
            parts += [f"    {line}" for line in diagram.formula.splitlines()]
    return "\n".join(parts)


def explain_step(program: Program) -> str:
    """The rules of the step alone, as `explain` prints them.

    Example:
      >>> from catalign.nn.pretrained import load_program as load
      >>> print(explain_step(load("minimum").program))
        i := i + 1
        pred_h[I] := pred_h[I]
        min_h :=
          if key[i'] < key[min_h]: i'
          else: min_h
    """
    return "\n".join(_step(program))


def _step(program: Program) -> list[str]:
    remembered = [f"  remembers {memory.field.name}" for memory in program.memory]
    return [*remembered, *_rules(program.step)]


def _rules(rules: Iterable[Rule]) -> list[str]:
    return [line for rule in rules for line in _rule(rule)]


def _rule(rule: Rule) -> list[str]:
    place = ("", "[I]", "[I, J]")[rule.field.rank]
    counts = Counter(e for e in expressions(rule.tree) if isinstance(e, Select))
    named = [s for s, count in counts.items() if count > 1]
    lines = []
    names: dict[str, str] = {}
    for number, selection in enumerate(sorted(named, key=lambda s: s.cost)):
        name = "abcdefgh"[number] if number < 8 else f"a{number}"
        text = _replace(str(selection), names)
        lines.append(f"  let <{name}> = {text}")
        names[str(selection)] = f"<{name}>"
    head = f"  {rule.field.name.removesuffix(chr(39))}{place} :="
    body = [_replace(line, names) for line in describe_tree(rule.tree, "    ")]
    if len(body) == 1:
        return [*lines, f"{head} {body[0].strip()}"]
    return [*lines, head, *body]


def _replace(text: str, names: dict[str, str]) -> str:
    for old in sorted(names, key=len, reverse=True):
        text = text.replace(old, names[old])
    return text


def describe_tree(tree: Tree, pad: str = "") -> list[str]:
    """A tree as lines of pseudo-code."""
    if isinstance(tree, Leaf):
        return [f"{pad}{_say(tree.term)}"]
    ends = [str(side.term) for side in (tree.then, tree.otherwise) if isinstance(side, Leaf)]
    if ends == ["true", "false"]:
        return [f"{pad}{_say(tree.condition)}"]
    if ends == ["false", "true"]:
        return [f"{pad}{_say(Not(tree.condition))}"]
    lines = []
    word = "if"
    node: Tree = tree
    while isinstance(node, Split):
        then = describe_tree(node.then, pad + "  ")
        if len(then) == 1 and len(pad) + len(then[0]) + len(str(node.condition)) < _WIDTH:
            lines.append(f"{pad}{word} {_say(node.condition)}: {then[0].strip()}")
        else:
            lines += [f"{pad}{word} {_say(node.condition)}:", *then]
        word, node = "elif", node.otherwise
    assert isinstance(node, Leaf)
    lines.append(f"{pad}else: {_say(node.term)}")
    return lines


def _say(expression: Expression) -> str:
    text = str(expression)
    return text.replace(f"{FIXED} ", "a step keeps ").replace(FIXED, "a step changes nothing")
