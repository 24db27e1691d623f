from .certify import certify as certify
from .family import Family as Family
from .family import families as families
from .learn import ExactConfig as ExactConfig
from .learn import Learning as Learning
from .learn import NotLearnedError as NotLearnedError
from .learn import learn as learn
