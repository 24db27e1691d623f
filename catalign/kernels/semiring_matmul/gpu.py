"""Whether the kernel for GPUs can run here, and its import, which waits until it is asked for."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from catalign.algebra.semiring import Semiring

CAPABILITY = "9.0"
_OLDEST_JAX = (0, 11)


def multiply(a: Array, b: Array, semiring: Semiring, *, with_arg: bool) -> tuple[Array, Array]:
    """As the reference; see `mosaic_gpu`."""
    # The import takes half a second, which only those pay who use it.
    kernel = importlib.import_module("catalign.kernels.semiring_matmul.mosaic_gpu")
    return kernel.multiply(a, b, semiring, with_arg=with_arg)


def why_not(semiring: Semiring, dtype: np.dtype) -> str | None:
    """The reason why the kernel cannot run here; None if it can."""
    if semiring.temperature is not None:
        return f"it has no soft minimum, and the semiring is {semiring.name}"
    if dtype != jnp.float32:
        return f"it computes in float32, and the matrices are {dtype}"
    if jax.__version_info__ < _OLDEST_JAX:
        oldest = ".".join(map(str, _OLDEST_JAX))
        return f"it needs jax {oldest} or later, and this is {jax.__version__}"
    device = jax.devices()[0]
    if device.platform != "gpu":
        return f'the device is "{device.platform}" and it needs a GPU of capability {CAPABILITY}'
    capability = str(getattr(device, "compute_capability", "unknown"))
    if capability != CAPABILITY:
        return f"the GPU has compute capability {capability} and it needs {CAPABILITY}"
    return None
