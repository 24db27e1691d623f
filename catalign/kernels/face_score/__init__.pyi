from .api import score as score
