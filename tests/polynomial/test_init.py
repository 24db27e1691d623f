import subprocess
import sys


def test_the_syntax_imports_without_jax():
    code = (
        "import sys, catalign.polynomial as p; [getattr(p, name) for name in p.__all__]; "
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
