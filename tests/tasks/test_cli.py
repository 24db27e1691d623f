"""Tests of flags, exit codes and one-line errors."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

from catalign._errors import InputError, UnsupportedError
from tasks import cli


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Does something.

    Attributes:
      steps: How many.
      sizes: Which sizes.
      loud: Whether to shout.
    """

    steps: int
    sizes: tuple[int, ...] = (4,)
    loud: cli.Switch = False


def parse(*argv):
    return cli.parse(Flags, argv, prog="python -m x")


def test_values_and_lists():
    assert parse("--steps=3", "--sizes=4,8", "--loud") == Flags(steps=3, sizes=(4, 8), loud=True)
    assert parse("--steps", "-3", "--sizes", "4", "8") == Flags(steps=-3, sizes=(4, 8))


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--steps=3", "--size=3"], r"--size, 3.*--sizes"),
        (["--steps=x"], r"--steps.*'x'"),
        ([], r"Missing.*--steps"),
        (["--steps=3", "--sizes=a"], r"--sizes"),
    ],
)
def test_a_wrong_flag_is_one_line(argv, says):
    with pytest.raises(InputError, match=says) as found:
        parse(*argv)
    assert "\n" not in str(found.value)


def test_help_exits_with_0(capsys):
    with pytest.raises(SystemExit) as end:
        parse("--help")
    assert end.value.code in (0, None)
    assert "How many." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("bad size."), 2, "error: bad size.\n"),
        (UnsupportedError("no GPU."), 2, "error: no GPU.\n"),
        (KeyboardInterrupt(), 130, "error: interrupted by Ctrl-C.\n"),
        (cli.Terminated(), 75, "error: ended by SIGTERM.\n"),
        (
            PermissionError(13, "Permission denied", "x.csv"),
            2,
            "error: Permission denied: x.csv.\n",
        ),
    ],
)
def test_exit_codes(capsys, error, code, says):
    def body():
        raise error

    assert cli.command(body) == code
    assert capsys.readouterr().err == says


def test_other_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        cli.command(lambda: 1 // 0)


def test_names():
    cli.check_name("--task", "bfs", ["bfs"])
    cli.check_name("--task", "mine.py:thing", ["bfs"])
    with pytest.raises(InputError, match=r"--task is 'bsf'.*Did you mean bfs\?"):
        cli.check_name("--task", "bsf", ["bfs", "addition"])
    with pytest.raises(InputError, match="Known: bfs, addition"):
        cli.check_name("--task", "zzz", ["bfs", "addition"])


def test_a_reader_that_leaves_ends_the_command_quietly(environment):
    code = (
        "import sys; from tasks import cli\n"
        "def body():\n"
        "    while True: sys.stdout.write('x' * 65536)\n"
        "sys.exit(cli.command(body))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


WITHOUT_JAX = """
import sys
sys.modules["jax"] = None
from tasks import evaluate, list, run, train
cases = [
    (list, "", 0, ""),
    (list, "--json", 0, ""),
    (list, "--jsno", 2, "--json"),
    (train, "--task=bellman_frod", 2, "Did you mean bellman_ford?"),
    (train, "--task=bfs --setps=3", 2, "--steps"),
    (train, "--task=bfs --steps=0", 2, "`steps` is 0"),
    (train, "--task=bfs --sizes=0", 2, "`sizes`"),
    (train, "--task=bfs --processor=alinged", 2, "Did you mean aligned?"),
    (train, "--task=bfs --run=OTHER", 2, "holds another run"),
    (train, "--task=bfs --run=FOLDER", 2, "is no run but holds"),
    (train, "", 2, "--task"),
    (evaluate, "--run=NONE", 2, "not a directory"),
    (evaluate, "--run=FOLDER", 2, "Did you mean OTHER?"),
    (evaluate, "--run=OTHER --sizes=0", 2, "--sizes holds 0"),
    (evaluate, "--run=OTHER --instances=0", 2, "--instances is 0"),
    (evaluate, "--run=OTHER --data=NONE", 2, "is no file"),
    (run, "--run=OTHER --input=NONE", 2, "does not exist"),
    (run, "--run=OTHER --input=INPUT --directed --undirected", 2, "exclude"),
    (run, "--run=OTHER --input=INPUT --output=x.txt", 2, ".csv or .json"),
    (run, "--run=OTHER --input=INPUT", 2, "line 2"),
    (run, "--run=NONE --input=INPUT", 2, "not a directory"),
]
import contextlib, io
paths = dict(zip(("NONE", "FOLDER", "OTHER", "INPUT"), sys.argv[1:]))
for command, line, code, says in cases:
    for name, path in paths.items():
        line, says = line.replace(name, path), says.replace(name, path)
    error = io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        found = command.main(line.split())
    text = error.getvalue()
    assert found == code and says in text, (line, found, text)
    assert text.count("\\n") == (code != 0), text
print("all", len(cases))
"""


def test_what_needs_no_jax_answers_without_it(tmp_path, environment):
    folder = tmp_path / "folder"
    other = folder / "other"
    other.mkdir(parents=True)
    (other / "config.json").write_text('{"task": "bellman_ford", "config": {}}')
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b,1\nb,c,heavy\n")
    paths = [str(tmp_path / "none"), str(folder), str(other), str(bad)]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_JAX, *paths],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("all")
