"""Runs a reasoner on one instance, and compares it with the algorithm itself."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign._typing import Probes
from catalign.algorithms.algorithm import Algorithm
from catalign.nn.prediction import Execution
from catalign.nn.reasoner import AbstractReasoner
from tasks.answer import Verdict

_SCALAR_TOLERANCE = 1e-4


def compute(algorithm: Algorithm, reasoner: AbstractReasoner, inputs: Probes) -> Execution:
    """Runs a reasoner on its own predictions until nothing changes.

    Args:
      algorithm: What the reasoner learned. It checks the inputs, gives the hints of step 0 and of
        no later one, and bounds the number of steps.
      reasoner: The trained reasoner.
      inputs: Stored values without a batch axis.

    Returns:
      The execution on the host, without a batch axis.

    Raises:
      InputError: The inputs are outside the algorithm's domain.
    """
    batch = jax.tree.map(lambda x: jnp.asarray(x)[None], dict(inputs))
    begun = algorithm.traces(batch, steps=1)
    first = {name: hint[0] for name, hint in begun.hints.items()}
    limit = algorithm.max_steps(algorithm.size(batch))
    run = jax.jit(partial(reasoner.run, max_steps=max(limit, 2)))
    return jax.tree.map(lambda x: x[0], jax.device_get(run(batch, first=first)))


def facts(execution: Execution) -> dict[str, Any]:
    """How a run went."""
    return {"steps": int(execution.steps), "converged": bool(execution.converged)}


def compare(algorithm: Algorithm, inputs: Probes, execution: Execution, reference: str) -> Verdict:
    """Compares the outputs of an execution with those of the algorithm.

    Args:
      algorithm: The algorithm.
      inputs: Stored values without a batch axis.
      execution: What a reasoner did.
      reference: What to call the algorithm.
    """
    truth = jax.device_get(algorithm.trace(inputs).outputs)
    wrong = {}
    places = 0
    for probe in algorithm.spec.outputs:
        expected, given = np.asarray(truth[probe.name]), np.asarray(execution.outputs[probe.name])
        if np.issubdtype(expected.dtype, np.floating):
            same = np.isclose(given, expected, rtol=_SCALAR_TOLERANCE, atol=_SCALAR_TOLERANCE)
        else:
            same = given == expected
        places += same.size
        if not same.all():
            wrong[probe.name] = int((~same).sum())
    if wrong:
        counts = ", ".join(f"{count} of {name}" for name, count in wrong.items())
        return Verdict(False, reference, f"{counts} differ from {reference}.")
    return Verdict(True, reference, f"all {places} values equal those of {reference}.")
