from . import closure as closure
from . import face_score as face_score
from . import monoid_scan as monoid_scan
from . import segment_reduce as segment_reduce
from . import semiring_matmul as semiring_matmul
from . import triplet_reduce as triplet_reduce
