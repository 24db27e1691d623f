from .api import Closure as Closure
from .api import close as close
from .api import star as star
