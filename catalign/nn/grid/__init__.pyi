from .cell import GridCell as GridCell
from .learn import PairExamples as PairExamples
from .learn import learn_cell as learn_cell
