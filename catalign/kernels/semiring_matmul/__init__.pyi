from .api import multiply as multiply
from .api import multiply_with_arg as multiply_with_arg
