"""Sums over triples and all paths, over two devices: as on one, with gradients, in jit and vmap.

The other ops have such a test beside their own.
"""

import subprocess
import sys

ACROSS = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from catalign.algebra.instances import min_plus
from catalign.kernels.closure import star
from catalign.kernels.triplet_reduce import attend, reduce

mesh = Mesh(np.array(jax.devices()), ("data",))
rng = np.random.default_rng(0)

def draw(*shape):
    return jnp.asarray(rng.permutation(np.prod(shape)).reshape(shape) / np.prod(shape), jnp.float32)

PAIRS, HEADS = (4, 3, 3, 2), (4, 3, 3, 2, 2)
cases = {
    "reduce": (reduce, [draw(*PAIRS), draw(*PAIRS)]),
    "attend": (attend, [draw(*HEADS) for _ in range(4)]),
    "star": (lambda a: star(a, min_plus), [draw(4, 5, 5)]),
}
for name, (f, given) in cases.items():
    def both(*given):
        y, pull = jax.vjp(f, *given)
        return y, pull(jnp.cos(y))

    expected = jax.jit(both)(*given)
    split = [jax.device_put(x, NamedSharding(mesh, P("data"))) for x in given]
    rows = dict(mesh=mesh, in_specs=P("data"), out_specs=P("data"), check_vma=False)
    mapped = jax.shard_map(both, **rows)
    alone = lambda *x: jax.vmap(both)(*x)
    for how, run in (("jit", both), ("shard_map", mapped), ("vmap", alone)):
        got = jax.jit(run)(*split)
        for mine, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6, err_msg=f"{name} {how}")
    left = mapped(*split)[0].sharding
    assert left.is_equivalent_to(NamedSharding(mesh, P("data")), 3), left
print(len(jax.devices()))
"""


def test_the_same_across_two_devices(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    done = subprocess.run([sys.executable, "-c", ACROSS], capture_output=True, text=True)
    assert done.stdout.strip() == "2", done.stderr
