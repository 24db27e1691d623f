from . import golden as golden
from .clrs_feedback import from_feedback as from_feedback
from .clrs_feedback import to_feedback as to_feedback
from .delaunay import Delaunay as Delaunay
from .interop import from_jraph as from_jraph
from .interop import from_networkx as from_networkx
from .interop import to_jraph as to_jraph
from .interop import to_networkx as to_networkx
