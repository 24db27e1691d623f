from . import bench_cells as bench_cells
from . import bench_kernels as bench_kernels
from . import bench_sparse as bench_sparse
from . import library as library
from . import rates as rates
from . import solve as solve
from . import story as story
from . import survey as survey
