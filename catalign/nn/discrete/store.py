"""Programs as JSON: what a trained discrete processor is, in a few kilobytes.

An expression is a list of its class and its attributes, in order; the format is checked when it is
read, and holds no code.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from catalign._errors import InputError
from catalign.algorithms.spec import Kind, Location, Spec
from catalign.nn.discrete import condition, expression, rule, scalar, selection
from catalign.nn.discrete.expression import Expression
from catalign.nn.discrete.program import Program
from catalign.nn.discrete.rule import Leaf, Rule, Split, Tree
from catalign.nn.discrete.signature import Field, Trail, Unchanged

VERSION = 1

_MODULES = (expression, scalar, condition, selection, rule)
_CLASSES: Mapping[str, type[Expression]] = {
    name: value
    for module in _MODULES
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Expression)
}
_MEMORY = {"Unchanged": Unchanged, "Trail": Trail}


def dumps(program: Program) -> str:
    """A program as JSON text."""
    content = {
        "version": VERSION,
        "name": program.name,
        "spec": program.spec.to_lists(),
        "memory": [_plain(m) for m in program.memory],
        "first": [_rule(r) for r in program.first],
        "step": [_rule(r) for r in program.step],
        "halt": _tree(program.halt),
        "outputs": [_rule(r) for r in program.outputs],
    }
    return json.dumps(content, indent=1)


def loads(text: str, source: str = "text") -> Program:
    """A program from JSON text.

    Args:
      text: What `dumps` wrote.
      source: What an error names.

    Raises:
      InputError: The text is not a program of this version.
    """
    try:
        content = json.loads(text)
        if content["version"] != VERSION:
            raise InputError(
                f"`{source}` holds a program of version {content['version']}, but this version of "
                f"catalign reads version {VERSION}. Train it again."
            )
        return Program(
            content["name"],
            Spec.from_lists(content["spec"]),
            tuple(_MEMORY[name](*values) for name, *values in content["memory"]),
            tuple(_read_rule(r) for r in content["first"]),
            tuple(_read_rule(r) for r in content["step"]),
            _read_tree(content["halt"]),
            tuple(_read_rule(r) for r in content["outputs"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"`{source}` does not hold a program: {type(error).__name__}: {error}. Give a file "
            "that `tasks.train --processor=exact` wrote."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Expression | Unchanged | Trail):
        return [type(value).__name__, *(_plain(getattr(value, f.name)) for f in fields(value))]
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(_read(item) for item in value["tuple"])
    if isinstance(value, list):
        name, *values = value
        return _CLASSES[name](*(_read(item) for item in values))
    return value


def _tree(tree: Tree) -> Any:
    if isinstance(tree, Leaf):
        return _plain(tree.term)
    return {
        "if": _plain(tree.condition),
        "then": _tree(tree.then),
        "else": _tree(tree.otherwise),
    }


def _read_tree(value: Any) -> Tree:
    if isinstance(value, dict):
        condition = _read(value["if"])
        return Split(condition, _read_tree(value["then"]), _read_tree(value["else"]))
    return Leaf(_read(value))


def _rule(r: Rule) -> Any:
    f = r.field
    return {
        "field": [f.name, f.kind.value, f.location.value, f.classes, f.partial, f.output],
        "tree": _tree(r.tree),
    }


def _read_rule(value: Any) -> Rule:
    name, kind, location, classes, partial, output = value["field"]
    field = Field(name, Kind(kind), Location(location), classes, partial, output)
    return Rule(field, _read_tree(value["tree"]))
