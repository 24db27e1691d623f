"""An arithmetic of one's own in one file: balanced ternary, learned from sums and proved.

Digits are -1, 0 and 1, so that a carry may be negative. Nothing in catalign knows this number
system: the layer is told that a letter is a pair of one of three values each, and learns how they
add up from the digits of 64 sums.
"""

import jax.numpy as jnp
import numpy as np

from catalign.nn.scan import WordType, answer, draw_letters, learn

LOW = -1
"""The least digit; the value v is written as the letter v - LOW."""


def add(carry: int, letter: tuple[int, ...]) -> tuple[int, int]:
    """One column: the carry out, and the digit that stays."""
    total = letter[0] + letter[1] + 2 * LOW + carry
    return (total - LOW) // 3, (total - LOW) % 3


def value(digits: np.ndarray) -> int:
    """The number that letters stand for, least significant first."""
    return sum((int(d) + LOW) * 3**i for i, d in enumerate(digits))


if __name__ == "__main__":
    word_type = WordType(operands=(3, 3), outputs=3)
    rng = np.random.default_rng(0)
    zeros = (-LOW, -LOW)
    letters = draw_letters(rng, word_type, 64, 5, pad=zeros)
    machine = learn(word_type, answer(add, word_type, letters), seed=0).machine
    print(machine.describe())
    print(machine.certify(add, subject="balanced ternary addition"))

    long = np.concatenate([rng.integers(0, 3, (2000, 2)), [zeros]]).astype(np.int32)
    total = value(np.asarray(machine(jnp.asarray(long))))
    print("2,000 digits right:", total == value(long[:, 0]) + value(long[:, 1]))
