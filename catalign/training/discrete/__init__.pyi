from .certify import certify_program as certify_program
from .family import Family as Family
from .family import families as families
from .learn import ExactConfig as ExactConfig
from .learn import Learning as Learning
from .learn import NotLearnedError as NotLearnedError
from .learn import learn as learn
