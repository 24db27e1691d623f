from .comparator import Comparator as Comparator
from .comparator import learn_comparator as learn_comparator
from .diagram import compare as compare
from .diagram import partners as partners
from .network import certify_sorting as certify_sorting
from .network import merge as merge
from .network import sort as sort
from .network import zero_one_runs as zero_one_runs
