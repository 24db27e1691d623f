"""A reasoner that answers as its algorithm does, to test what is around reasoners."""

import jax.numpy as jnp

from catalign.nn.prediction import Execution
from catalign.nn.reasoner import AbstractReasoner


class Oracle(AbstractReasoner):
    """Answers right, or with a change to each right output."""

    def __init__(self, algorithm, change=lambda name, value: value):
        self.algorithm, self.change = algorithm, change
        self.spec = algorithm.spec

    def __call__(self, *args, **kwargs):
        raise NotImplementedError

    def run(self, inputs, *, max_steps, first=None, lengths=None):
        trace = self.algorithm.traces(inputs, steps=max_steps)
        outputs = {name: self.change(name, value) for name, value in trace.outputs.items()}
        hints = {name: value[-1] for name, value in trace.hints.items()}
        return Execution(outputs, hints, jnp.asarray(trace.lengths), jnp.asarray(trace.complete))
