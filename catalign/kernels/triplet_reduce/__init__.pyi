from .api import attend as attend
from .api import reduce as reduce
