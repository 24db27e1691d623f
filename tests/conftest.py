"""What holds for every test: strict promotion, warnings as errors, checked annotations.

XLA's costly optimisations are off, in the processes that tests start too, because the time of the
suite is the time that it compiles. `JAX_DISABLE_MOST_OPTIMIZATIONS=0` turns them on.
"""

import gc
import hashlib
import os
import platform
import signal
from pathlib import Path

import hypothesis
import jax
import pytest

from tests import typecheck

# Warnings of other people's code that we can do nothing about. Each names its reason.
THIRD_PARTY_WARNINGS = (
    # Another process was killed while it wrote the entry: JAX compiles anew, which is right.
    "ignore:Error reading persistent compilation cache entry:UserWarning",
    # beartype looks at one item of a container, chosen with `random`, also while a strategy draws.
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning",
)

hypothesis.settings.register_profile("few", max_examples=10)
"""For a second run, with another JAX: `--hypothesis-profile=few`."""

MOST_MAPS = 40_000
"""Memory areas of a process from which on compiled programs are freed; Linux allows 65,530."""


def pytest_configure(config: pytest.Config) -> None:
    """Sets JAX up before any test module is imported."""
    for line in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", line)
    quick = os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    jax.config.update("jax_disable_most_optimizations", quick == "1")
    jax.config.update("jax_numpy_rank_promotion", "raise")
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that starts the tests in the background ignores Ctrl-C, which some tests raise.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cache = getattr(config, "cache", None)  # Missing under `-p no:cacheprovider`.
    if cache is not None and not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        jax.config.update("jax_compilation_cache_dir", str(cache.mkdir(_cache_name())))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what needs a GPU where there is none."""
    needs_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if needs_gpu and jax.default_backend() != "gpu":
        for item in needs_gpu:
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Frees compiled programs between modules: a process may map so many areas of memory only."""
    if nextitem is None or nextitem.path == item.path:
        return
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
        gc.collect()


def _cache_name() -> str:
    """One folder a processor model: another one may lack instructions of the compiled code."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else [platform.processor()]
    features = sorted(
        {line for line in lines if line.startswith(("flags", "Features", "model name"))}
    )
    digest = hashlib.sha256("\n".join([platform.machine(), *features]).encode()).hexdigest()[:8]
    return f"jax-{jax.__version__}-{digest}"


typecheck.install("catalign")
