from . import golden as golden
