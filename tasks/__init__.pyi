from . import graph_input as graph_input
