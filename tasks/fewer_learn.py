"""One row of `tasks.fewer`: learns a program from some traces and scores it. Imports JAX."""

import time

import numpy as np

from catalign.algorithms import catalogue
from catalign.nn.discrete.reasoner import DiscreteReasoner
from catalign.training.discrete.learn import ExactConfig, NotLearnedError, draw, learn
from catalign.training.evaluation import Protocol
from tasks.fewer import Row
from tasks.library import evaluate_fresh, forget_compiled


def learn_from(name: str, count: int, *, size: int, instances: int, seed: int) -> Row:
    """Learns an algorithm from some traces of each size, and runs the program on fresh instances.

    Args:
      name: The algorithm.
      count: Traces for each size, of each of the usual families.
      size: The size of the fresh instances.
      instances: How many there are.
      seed: Where the traces come from; the fresh instances come from elsewhere.
    """
    algorithm, config = catalogue.get(name), ExactConfig(traces=count, seed=seed)
    lengths = np.concatenate([np.asarray(trace.lengths) for trace in draw(algorithm, config)])
    common = {
        "task": name,
        "count": count,
        "traces": len(lengths),
        "transitions": int(np.maximum(lengths - 1, 0).sum()),
    }
    begin = time.monotonic()
    try:
        learned = learn(algorithm, config)
        (row,) = evaluate_fresh(
            DiscreteReasoner(learned.program),
            algorithm,
            (size,),
            seed=seed,
            instances=instances,
            protocol=Protocol.FIXED_POINT.value,
        )
    except NotLearnedError:
        return Row(**common, graph_exact=None, seconds=round(time.monotonic() - begin, 1))
    finally:
        forget_compiled()
    return Row(**common, graph_exact=row.graph_exact, seconds=round(learned.seconds, 1))
