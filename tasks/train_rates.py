"""Trains one case of `tasks.bench train`, a turn for each line it reads. Imports JAX."""

import importlib
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from catalign.algorithms import catalogue
from catalign.nn.option import EdgePointers
from catalign.training.config import TrainConfig
from catalign.training.default import untrained
from catalign.training.layout import Layout
from catalign.training.state import initial_state, make_optimizer, split_reasoner
from catalign.training.step import DATA, dispatch, loss_names, stream_key, traced_config
from tasks.bench_train import Case

Turn = Callable[[int], float]
"""Does a number of updates and gives a loss."""


def ours(case: Case) -> Turn:
    """Updates of catalign, with the making of their instances."""
    algorithm = catalogue.get(case.task)
    config = TrainConfig(
        steps=10_000,
        sizes=(case.size,),
        processor=case.processor,
        width=case.width,
        batch_size=case.batch,
        edge_pointers=EdgePointers.ENDS,
    )
    reasoner = untrained(algorithm, config)
    graphdef, params, rest = split_reasoner(reasoner)
    layout = Layout.of(params)
    names = loss_names(reasoner, algorithm, config)
    state = initial_state(layout, params, make_optimizer(config), names)
    key = stream_key(config, DATA)

    def turn(updates: int) -> float:
        nonlocal state
        state, summary = dispatch(
            state,
            jnp.int32(updates),
            jnp.bool_(False),
            rest,
            key,
            algorithm=algorithm,
            graphdef=graphdef,
            layout=layout,
            config=traced_config(config),
            size=case.size,
            trace_steps=case.steps,
        )
        return float(summary.loss)

    return turn


def theirs(case: Case) -> Turn:
    """Updates of dm-clrs, on one batch that was made before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clrs = importlib.import_module("clrs")
    sampler, spec = clrs.build_sampler(case.task, case.batch, length=case.size)
    # Its networks decode no order of nodes; they do decode it as a pointer and its first node.
    spec, batches = clrs.process_permutations(spec, iter([sampler.next(case.batch)]), True)
    drawn = next(batches)

    def cut(hint: Any) -> Any:
        data = np.asarray(hint.data)[: case.steps]
        missing = case.steps - data.shape[0]
        pad = [(0, missing)] + [(0, 0)] * (data.ndim - 1)
        return type(hint)(hint.name, hint.location, hint.type_, np.pad(data, pad))

    features = drawn.features
    features = features._replace(
        hints=[cut(hint) for hint in features.hints],
        lengths=np.minimum(features.lengths, case.steps),
    )
    batch = drawn._replace(features=features)
    factory = clrs.get_processor_factory(case.processor, use_ln=True, nb_triplet_fts=8)
    model = clrs.models.BaselineModel(
        spec=spec,
        dummy_trajectory=batch,
        processor_factory=factory,
        hidden_dim=case.width,
        encode_hints=True,
        decode_hints=True,
        learning_rate=1e-3,
        grad_clip_max_norm=1.0,
    )
    model.init(batch.features, 0)
    key = jax.random.PRNGKey(0)

    def turn(updates: int) -> float:
        loss = 0.0
        for _ in range(updates):
            loss = float(model.feedback(key, batch))
        return loss

    return turn


SIDES: dict[str, Callable[[Case], Turn]] = {"catalign": ours, "dm-clrs": theirs}


def peak_mib() -> float:
    """The peak memory of this process."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    """Compiles, then does a turn for each line "turn" and answers each line in JSON."""
    case = Case(**json.loads(sys.argv[1]))
    begin = time.perf_counter()
    turn = SIDES[case.side](case)
    turn(1)
    _say(seconds=time.perf_counter() - begin)
    for line in sys.stdin:
        if line.strip() == "end":
            _say(peak_mib=peak_mib())
            return
        begin, used = time.perf_counter(), time.process_time()
        loss = turn(case.updates)
        _say(
            milliseconds=1e3 * (time.perf_counter() - begin) / case.updates,
            cpu_milliseconds=1e3 * (time.process_time() - used) / case.updates,
            loss=loss,
        )


def _say(**values: float) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
