from . import monoid_scan as monoid_scan
from . import semiring_matmul as semiring_matmul
from . import triplet_reduce as triplet_reduce
