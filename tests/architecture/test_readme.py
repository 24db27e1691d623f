"""What README tells a reader to type works."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("bash") for line in block.splitlines()]


def test_the_first_two_commands_start_from_python_alone() -> None:
    first, second = COMMANDS[:2]
    for command in (first, second):
        assert command.startswith("python3 -m venv .venv && ")
        assert "install -q -c requirements.lock -e" in command
    assert "-m tasks.train" in first
    assert "-m pytest" in second


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_well_formed(command: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    subprocess.run([bash, "-n", "-c", command], check=True)
    for module in re.findall(r"-m (tasks\.\w+)", command):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()


@pytest.mark.parametrize("example", blocks("python"))
def test_an_example_runs_and_prints_what_readme_says(example: str) -> None:
    assert len([line for line in example.splitlines() if line.strip()]) <= 20
    result = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout in blocks("text")


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
