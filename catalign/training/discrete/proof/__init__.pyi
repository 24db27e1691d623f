from .equality import Obligation as Obligation
from .equality import Typed as Typed
from .equality import keeps as keeps
from .equality import prove as prove
