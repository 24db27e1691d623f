from . import semiring_matmul as semiring_matmul
