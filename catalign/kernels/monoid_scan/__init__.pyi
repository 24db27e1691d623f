from .api import scan_functions as scan_functions
from .api import scan_matrices as scan_matrices
