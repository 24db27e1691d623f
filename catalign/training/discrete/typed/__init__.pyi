from .catalogue import TYPED as TYPED
