from . import library as library
from . import solve as solve
from . import survey as survey
