from .explanation import explain as explain
from .pretrained import load as load
from .pretrained import pretrained_names as pretrained_names
from .program import Program as Program
from .reasoner import DiscreteReasoner as DiscreteReasoner
from .rule import Rule as Rule
from .store import dumps as dumps
from .store import loads as loads
