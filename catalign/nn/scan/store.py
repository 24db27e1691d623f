"""Scan reasoners as JSON: tables of moves and outputs, each machine once."""

import json
from typing import Any

import numpy as np

from catalign._errors import CatalignError, InputError
from catalign.algorithms.spec import Spec
from catalign.alignment.transducer import Transducer
from catalign.nn.scan.hard import HardScan, as_table
from catalign.nn.scan.reasoner import ScanReasoner
from catalign.nn.scan.word import Tie, WordType

VERSION = 1


def dumps(reasoner: ScanReasoner) -> str:
    """A reasoner as JSON text; the coverage of training is left out."""
    machines = list(dict.fromkeys(reasoner.machines.values()))
    content = {
        "version": VERSION,
        "name": reasoner.name,
        "spec": reasoner.spec.to_lists(),
        "machines": [_plain(machine) for machine in machines],
        "written": {name: machines.index(m) for name, m in reasoner.machines.items()},
    }
    return json.dumps(content)


def loads(text: str, source: str = "text") -> ScanReasoner:
    """A reasoner from JSON text.

    Args:
      text: What `dumps` wrote.
      source: What an error names.

    Raises:
      InputError: The text holds no machines of this version.
    """
    try:
        content = json.loads(text)
        version = content["version"]
        if version == VERSION:
            machines = [_read(one) for one in content["machines"]]
            written = {name: machines[int(k)] for name, k in content["written"].items()}
            return ScanReasoner(content["name"], Spec.from_lists(content["spec"]), written)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, CatalignError) as error:
        raise InputError(
            f"`{source}` does not hold transducers: {type(error).__name__}: {error}. Give a file "
            "that `tasks.train --processor=exact` wrote."
        ) from error
    raise InputError(
        f"`{source}` holds transducers of version {version}, but this version of catalign "
        f"reads version {VERSION}. Train them again."
    )


def _plain(machine: HardScan) -> dict[str, Any]:
    word_type, tie = machine.word_type, machine.tie
    return {
        "operands": word_type.operands,
        "outputs": word_type.outputs,
        "from_last": word_type.from_last,
        "coefficients": tie.coefficients,
        "rolled": tie.rolled,
        "moves": machine.moves,
        "writes": machine.writes,
    }


def _read(content: dict[str, Any]) -> HardScan:
    """A machine whose tables fit its type.

    Raises:
      InputError: A value is outside its range.
      ShapeMismatchError: A table has other rows than the tie has classes.
    """
    word_type = WordType(tuple(content["operands"]), content["outputs"], content["from_last"])
    coefficients = content["coefficients"]
    tie = Tie(None if coefficients is None else tuple(coefficients), content["rolled"])
    moves, writes = np.array(content["moves"], int), np.array(content["writes"], int)
    rows = (tie.classes(word_type),)
    # A rolled tie writes by the state alone: the one row stands for every letter.
    every = np.broadcast_to(writes, (*rows, writes.shape[1])) if tie.rolled else writes
    Transducer(rows, word_type.outputs, as_table(moves), as_table(every))
    return HardScan(word_type, tie, as_table(moves), as_table(writes))
