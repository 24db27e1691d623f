"""An algorithm of one's own on digits: the remainder of a number by seven, learned and proved.

What happens at one digit is all that is written here; the run, its hints and its end follow. The
learner is shown runs, never this file. From the command line:

    python -m tasks.train --task examples/remainder_by_seven.py:remainder_by_seven \
        --processor=exact
"""

import jax

import catalign
from catalign.algorithms import Column, chained
from catalign.algorithms.arithmetic_chain import category
from catalign.algorithms.number import number, number_inputs
from catalign.training import words


def sample(key, size):
    """A number of uniform digits."""
    return number_inputs(size, a=jax.random.randint(key, (size,), 0, 10))


remainder_by_seven = chained(
    "remainder_by_seven",
    Column(
        operands=(number("a", 10),),
        state=category("remainder", 7),
        leaving=lambda inputs, remainder: (10 * remainder + inputs["a"]) % 7,
        answers={},
        from_last=True,
    ),
    sample,
)
"""The remainder by seven of the digits from each node on; that of node 0 is the number's."""


if __name__ == "__main__":
    learned = words.learn(remainder_by_seven)
    print(catalign.explain(learned.reasoner))
    print(catalign.certify(learned.reasoner, remainder_by_seven, sizes=(64,)))
