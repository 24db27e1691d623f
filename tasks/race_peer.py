"""The contenders of `tasks.bench race` from dm-clrs, trained as its own example script does."""

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from tasks.bench_race import Point
from tasks.race_contender import Case, Contender, Score

_BATCH, _AT_ONCE = 32, 8
_EDGES = tuple(0.1 * k for k in range(1, 10))
"""Probabilities of an edge that training draws from, as in the script; its test has 0.5."""


class Peer(Contender):
    """A network of dm-clrs: width 128, random positions, instances made on the fly."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.processor = case.contender.removeprefix("dm-clrs ")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.clrs = importlib.import_module("clrs")
            self.watch.run(self._build)
            self.tests = [
                next(self._draws(size, case.instances, p=p, is_fixed=p is None))
                for size, p in ((max(case.sizes), _EDGES), (case.size, None))
            ]

    def _build(self) -> None:
        self.random = np.random.RandomState(self.case.seed)
        self.draws = {size: self._draws(size, -1, p=_EDGES) for size in self.case.sizes}
        first = next(self.draws[max(self.case.sizes)])
        self.model = self.clrs.models.BaselineModel(
            spec=self.spec,
            dummy_trajectory=first,
            processor_factory=self.clrs.get_processor_factory(
                self.processor, use_ln=True, nb_triplet_fts=8, nb_heads=1
            ),
            hidden_dim=128,
            encode_hints=True,
            decode_hints=True,
            encoder_init="xavier_on_scalars",
            learning_rate=1e-3,
            grad_clip_max_norm=1.0,
            hint_repred_mode="soft",
        )
        self.model.init(first.features, self.case.seed)
        self.key = jax.random.PRNGKey(self.case.seed)

    def _draws(
        self, size: int, count: int, *, p: Any = None, is_fixed: bool = False
    ) -> Iterator[Any]:
        """Batches of instances; `is_fixed` keeps the positions of nodes as the test has them."""
        given = {} if p is None else {"p": p}
        sampler, spec = self.clrs.build_sampler(
            self.case.task,
            seed=self.random.randint(2**32),
            num_samples=count,
            length=size,
            **given,
        )
        # A finite set is scored as a whole: `next()` without a size gives all of it.
        batch = _BATCH if count < 0 else None
        drawn: Iterator[Any] = iter(lambda: sampler.next(batch), None)
        if not is_fixed:
            drawn = self.clrs.process_random_pos(drawn, self.random)
        self.spec, drawn = self.clrs.process_permutations(spec, drawn, enforce_permutations=True)
        return drawn

    def turn(self) -> list[Point]:
        """Updates, a batch of each size after the other, then a score."""
        end = self.costs.busy() + self.case.turn
        while self.costs.busy() < end:
            size = self.case.sizes[self.updates % len(self.case.sizes)]
            self.costs.add(size, self.watch.run(lambda size=size: self._update(size)))
            self.updates += 1
        return [self.watch.point(self.updates, self.costs.busy(), self._score())]

    def _update(self, size: int) -> None:
        self.key, key = jax.random.split(self.key)
        float(self.model.feedback(key, next(self.draws[size])))

    def _score(self) -> Score:
        (valid, _), (far, exact) = map(self._scores, self.tests)
        return Score(valid, far, exact)

    def _scores(self, drawn: Any) -> tuple[float, float]:
        """micro-F1 of a set, and the share of its instances without any mistake."""
        predicted, key = [], jax.random.PRNGKey(0)
        count = drawn.outputs[0].data.shape[0]
        for start in range(0, count, _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            found, _ = self.model.predict(key, _rows(drawn.features, rows))
            predicted.append(jax.device_get(found))
        merged = jax.tree.map(lambda *parts: np.concatenate(parts), *predicted)
        each = [
            self._evaluate(
                _cut(drawn.outputs, slice(k, k + 1)),
                jax.tree.map(lambda x, k=k: x[k : k + 1], merged),
            )
            for k in range(count)
        ]
        return self._evaluate(drawn.outputs, merged), float(np.mean([one == 1.0 for one in each]))

    def _evaluate(self, outputs: Any, predicted: Any) -> float:
        return float(self.clrs.evaluate(outputs, predicted)["score"])


def _cut(points: Any, rows: slice, axis: int = 0) -> list[Any]:
    """Some instances of probes."""
    index = (slice(None),) * axis + (rows,)
    return [type(p)(p.name, p.location, p.type_, p.data[index]) for p in points]


def _rows(features: Any, rows: slice) -> Any:
    return features._replace(
        inputs=_cut(features.inputs, rows),
        hints=_cut(features.hints, rows, axis=1),
        lengths=features.lengths[rows],
    )
