"""A scan whose time axis lies across the devices of a mesh."""

import functools

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import Mesh, PartitionSpec

from catalign.kernels.monoid_scan import blocked
from catalign.kernels.monoid_scan.blocked import Combine


def scan(
    version: functools.partial,
    combine: Combine,
    unit: Array,
    x: Array,
    *,
    reverse: bool,
    mesh: Mesh,
    axis_name: str,
) -> Array:
    """As `version`, on all devices: each scans its own part from what comes before it.

    One message: the total of each device goes to all.

    Args:
      version: `blocked.scan` or another, with `exclusive` given.
      combine: The operation.
      unit: Its unit, `[*core]`.
      x: The elements, `[time, *core, batch]`; padded with units to a multiple of the devices.
      reverse: Whether to start at the end.
      mesh: The devices.
      axis_name: The axis of the mesh that time lies across.
    """
    time, *rest = x.shape
    units = jnp.broadcast_to(unit[None, ..., None], (-time % mesh.shape[axis_name], *rest))

    def before(total: Array) -> Array:
        totals = jax.lax.all_gather(total, axis_name)
        prefixes = blocked.scan(combine, unit, totals, reverse=reverse, exclusive=True)
        here = jax.lax.axis_index(axis_name)
        return jax.lax.dynamic_index_in_dim(prefixes, here, keepdims=False)

    def on_device(part: Array) -> Array:
        return version(combine, unit, part, reverse=reverse, start=before)

    spec = PartitionSpec(axis_name)
    # The scans start from a unit, which is the same on all devices, and go on with what is not.
    sharded = jax.shard_map(on_device, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
    return sharded(jnp.concatenate([x, units]))[:time]
