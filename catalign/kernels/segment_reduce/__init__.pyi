from .api import gather_reduce as gather_reduce
from .api import reduce as reduce
from .api import reduce_with_arg as reduce_with_arg
from .csr import CsrGraph as CsrGraph
