"""``azml show --failed`` and ``azml submit --debug``."""

from __future__ import annotations

import json
import sys

import pytest

from azml_pipelines import PipelineRun, Workspace


@pytest.fixture(scope="module")
def project(make_project):
    """These tests submit, so they have a project of their own."""
    return make_project()


def test_failed_items_with_the_command_that_repeats_them(here, failed_id, type_command):
    """For people two lines each, for programs JSON."""
    text = type_command("show", failed_id, "--failed")
    listed = json.loads(type_command("show", failed_id, "--failed", "--json").stdout)
    (item,) = listed["failed_items"]
    first, second = text.stdout.splitlines()

    assert first.startswith("bad.txt: ValueError: five is bad at score.py:")
    assert f"azml replay {failed_id} 0" == second.strip() == item["replay"]
    assert ("bad.txt", "exception") == (item["item"], item["reason"])


def test_nothing_failed(here, finished_id, type_command):
    """That is said."""
    result = type_command("show", finished_id, "--failed")

    assert (0, "") == (result.exit_code, result.stdout)
    assert "No item" in result.stderr


def test_the_reasons_are_summed_up(here, failed_id, type_command):
    """The most frequent ones, before the error, which stays the last line."""
    lines = type_command("show", failed_id).stdout.splitlines()

    assert any(line.startswith("read-texts: 1 failed item") for line in lines)
    assert any(line.startswith("  1 x ValueError: five is bad at") for line in lines)
    assert "ValueError: five is bad" in lines[-1]


def test_watching_a_list_is_refused(here, failed_id, type_command):
    """One or the other."""
    assert 2 == type_command("show", failed_id, "--failed", "--watch").exit_code


def test_a_debug_run_ends_as_the_run_did(here, type_command):
    """It runs in this process; the id is the output."""
    good = type_command("submit", "--debug", "pipe.py")
    bad = type_command("submit", "pipe.py", "--debug", "-p", "texts=bad.txt")
    run = PipelineRun.get(Workspace.from_config(), good.stdout.strip())

    assert (0, 1) == (good.exit_code, bad.exit_code)
    assert "Finished" == run.get_status()
    assert "ValueError: five is bad" in bad.stderr.splitlines()[-1]


@pytest.fixture
def no_other_pipe():
    """Scripts of this project import its own pipe.py, and leave it to nobody."""
    sys.modules.pop("pipe", None)
    yield
    sys.modules.pop("pipe", None)


def test_a_script_that_submits_cannot_be_debugged(
    here, write_script, type_command, no_other_pipe
):
    """It has started its run already."""
    script = write_script(
        "selfish3.py",
        "from pipe import *\n"
        "run = Experiment(workspace, 'selfish').submit(pipeline)\n"
        "run.wait_for_completion(show_output=False)",
    )
    result = type_command("submit", script, "--debug")

    assert 2 == result.exit_code
    assert "had no effect for that reason" in result.stderr


def test_steps_without_items_say_what_failed(here, write_script, type_command):
    """A script has none; its error is the answer, for programs too."""
    (here / "source" / "train.py").write_text("raise ValueError('no data')")
    script = write_script(
        "train_pipe.py",
        "from azml_pipelines import *\n"
        "step = PythonScriptStep('train.py', source_directory='source')\n"
        "pipeline = Pipeline(Workspace.from_config(), [step])",
    )
    run_id = type_command("submit", script, "--wait").stdout.strip()
    text = type_command("show", run_id, "--failed").stdout
    listed = json.loads(type_command("show", run_id, "--failed", "--json").stdout)

    assert "ValueError: no data at train.py:1" in text
    assert listed["failed_items"] == []
    assert [step["name"] for step in listed["failed_steps"]] == ["train.py"]
    assert "ValueError: no data" in listed["failed_steps"][0]["error"]
