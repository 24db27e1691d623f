import subprocess
import sys

import jax
import pytest

from catalign._errors import InputError
from catalign.algorithms import catalogue as algorithms
from catalign.alignment import catalogue
from catalign.alignment.check import check_samples


@pytest.mark.parametrize("name", catalogue.names())
def test_every_row_says_what_is_there_and_holds(name):
    alignment, row = catalogue.get(name), catalogue.entry(name)
    assert alignment.algorithm is algorithms.get(name)
    assert str(alignment.diagram) == row.diagram
    assert alignment.semiring.name == row.algebra
    assert alignment.claim.value == row.claim
    check_samples(alignment, jax.random.key(0), batch_size=16, size=8).require()


def test_the_table_answers_without_jax():
    program = "import sys, catalign.alignment as a; a.names(); sys.exit('jax' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"'belman_ford', .* Did you mean bellman_ford"):
        catalogue.get("belman_ford")
