"""The command that shows a run."""

import json
import re

import pytest

from tasks import show, story
from tasks.cli import EXIT_INPUT


@pytest.fixture(scope="module")
def told() -> story.Story:
    return story.tell("insertion_sort", 4, 0)


def test_a_run_is_told_from_inputs_to_outputs(told: story.Story) -> None:
    assert told.title == "insertion_sort, n = 4, seed 0: 4 steps"
    assert [view.name for view in told.inputs] == ["pos", "key"]
    assert [len(views) for views in told.steps] == [3] * 4
    text = story.to_text(told)
    assert (
        text.index("inputs") < text.index("step 0") < text.index("step 3") < text.index("outputs")
    )


def test_what_changed_is_marked_and_nothing_else(told: story.Story) -> None:
    for before, now in zip(told.steps, told.steps[1:], strict=False):
        for old, new in zip(before, now, strict=True):
            assert new.changed == tuple(
                tuple(a != b for a, b in zip(*rows, strict=True))
                for rows in zip(old.cells, new.cells, strict=True)
            )
    assert not any(any(map(any, view.changed)) for view in told.steps[0])
    marked = story.to_text(told).count("*")
    assert marked == sum(sum(map(sum, view.changed)) for views in told.steps for view in views)


def test_the_page_holds_the_data_and_needs_nothing_else(told: story.Story) -> None:
    page = story.to_page(told)
    found = re.search(r"const story = (.*);\n", page)
    assert found is not None
    data = json.loads(found[1])
    assert data["size"] == 4
    assert len(data["steps"]) == 4
    assert data["outputs"][0]["cells"] == [list(told.outputs[0].cells[0])]
    assert "{{" not in page
    assert not re.search(r"(src|href)=", page)


def test_the_command_prints_and_writes(tmp_path, capsys) -> None:
    path = tmp_path / "run.html"
    assert show.main(["--task=insertion_sort", "--size=4", "--html", str(path)]) == 0
    assert capsys.readouterr().out.startswith("insertion_sort, n = 4")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--task=bfss"], "Did you mean bfs"),
        (["--task=bfs", "--size=0"], "--size is 0"),
        (["--task=bfs", "--seed=-1"], "--seed is -1"),
        (["--task=bfs", "--siez=3"], "--size"),
        ([], "--task"),
    ],
)
def test_a_bad_request_is_one_line(arguments: list[str], problem: str, capsys) -> None:
    assert show.main(arguments) == EXIT_INPUT
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
