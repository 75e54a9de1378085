"""What has changed since a run was submitted keeps it from being resumed unawares."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from azml_pipelines import Dataset
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.execution_overrides import read_effective_plan


@pytest.fixture(scope="module")
def folders(failed):
    """The source directory and the input folder of the failed run, as they were."""
    source = Path(failed.plan.steps[0].source_directory)
    images = source.parent / "images"
    for folder in (source, images):
        assert folder.is_dir()
    return source, images


@pytest.fixture
def edited(failed, folders, tmp_path):
    """The same folders, which are put back after the test."""
    for number, folder in enumerate(folders):
        shutil.copytree(folder, tmp_path / str(number))
    plan = failed.folder.plan.read_bytes()
    yield folders
    failed.folder.plan.write_bytes(plan)
    for number, folder in enumerate(folders):
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / str(number), folder)


def later(file, text):
    """Write a file as somebody does some time after the submission."""
    file.write_text(text)
    moment = time.time() + 5
    os.utime(file, (moment, moment))


CHANGES = [
    pytest.param(
        lambda source, _: (source / "score.py").write_text("x = 1"),
        "step 'score-files': changed score.py",
        id="script edited",
    ),
    pytest.param(
        lambda source, _: (source / "new.py").write_text(""),
        "added new.py",
        id="neighbour added",
    ),
    pytest.param(
        lambda source, _: (source / "score.py").unlink(),
        "removed score.py",
        id="script removed",
    ),
    pytest.param(
        lambda source, _: (source / "score.py").rename(source / "run.py"),
        "added run.py, removed score.py",
        id="script renamed",
    ),
    pytest.param(
        lambda source, _: (
            (source / "model").mkdir(),
            (source / "model" / "weights").write_text("1"),
        ),
        "added model/weights",
        id="model added",
    ),
    pytest.param(
        lambda source, _: (source / ".amlignore").write_text("score.py"),
        "added .amlignore, removed score.py",
        id="script ignored",
    ),
    pytest.param(
        lambda _, images: (images / "9.txt").write_text(""),
        "input 'images_input': added 9.txt",
        id="item added",
    ),
    pytest.param(
        lambda _, images: (images / "0.txt").unlink(),
        "removed 0.txt",
        id="item removed",
    ),
    pytest.param(
        lambda _, images: (images / "0.txt").rename(images / "5.txt"),
        "added 5.txt, removed 0.txt",
        id="item renamed",
    ),
    pytest.param(
        lambda _, images: later(images / "1.txt", "new"),
        "input 'images_input': changed 1.txt",
        id="item rewritten",
    ),
    pytest.param(
        lambda _, images: images.rename(images.with_name("moved")),
        "input 'images_input': removed 0.txt 1.txt 2.txt",
        id="input gone",
    ),
]


@pytest.mark.parametrize(("change", "said"), CHANGES)
def test_a_change_is_refused_with_a_diff(failed, edited, change, said):
    """One line says what has changed and what to do; nothing is started."""
    before = failed.state()
    change(*edited)

    with pytest.raises(UserErrorException) as caught:
        failed.resume()

    moved = edited[1].with_name("moved")
    if moved.exists():
        moved.rename(edited[1])

    assert said in str(caught.value)
    assert "allow_changed=True" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert before == failed.state()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("batch_size", "2", "'2' instead of '1'", id="a number"),
        pytest.param("images", None, "another dataset", id="a dataset"),
    ],
)
def test_other_values_are_refused(failed, folders, name, value, said):
    """Who believes that the run has other values learns which ones it has."""
    value = value or Dataset.File.from_files(str(folders[0]))

    with pytest.raises(UserErrorException, match=said) as caught:
        failed.resume(pipeline_parameters={name: value})

    assert f"parameter '{name}'" in str(caught.value)


def test_an_edited_plan_is_refused_whatever_is_allowed(failed, edited):
    """What was frozen is not there any more."""
    text = failed.folder.plan.read_text()
    failed.folder.plan.write_text(text.replace('"run_max_try": 1', '"run_max_try": 9'))

    with pytest.raises(UserErrorException, match=r"plan\.json has changed"):
        failed.resume(allow_changed=True)


def test_an_unknown_compute_target(failed):
    """The known ones are listed."""
    with pytest.raises(UserErrorException, match=r"'moon'; known: .*local"):
        failed.resume(compute_target="moon")


def test_a_knob_that_cannot_be(failed):
    """The field and its value are named; nothing is written down."""
    with pytest.raises(UserErrorException, match="node_count=0"):
        failed.resume(node_count=0)

    assert [] == list(failed.folder.root.glob("resume.*"))


def test_what_is_allowed_goes_on_with_what_was_frozen(failed, edited, capsys):
    """The edited script is not run, and that is said; the knobs are kept."""
    (edited[0] / "score.py").write_text("def run(batch):\n    return batch\n")

    failed.resume(
        allow_changed=True,
        node_count=2,
        run_invocation_timeout=7,
        pipeline_parameters={"batch_size": "1"},
    )
    failed.wait_for_completion(show_output=False, raise_on_error=False)
    said = capsys.readouterr().out
    (step,) = read_effective_plan(failed.folder).steps

    assert "Changed since, and not used: step 'score-files': changed score.py" in said
    assert "score-files: keeps 0 finished mini-batches" in said
    assert "not a digit" in failed.state().error
    assert (2, 7) == (step.settings.node_count, step.settings.run_invocation_timeout)


def test_a_finished_run_has_nothing_to_resume(finished):
    """It is repeated instead."""
    with pytest.raises(UserErrorException, match="azml resubmit"):
        finished.resume()


WAITS = """
import os, time

def run(mini_batch):
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.01)
    return [open(path).read() + os.path.basename(path) for path in mini_batch]
"""


@pytest.fixture
def interrupted(job, tmp_path, monkeypatch):
    """A run that was killed over its first mini-batches; its list passes for long."""
    monkeypatch.setattr("azml_pipelines.engine.input_changes._LARGE_LIST", 1)
    go = tmp_path / "go"
    run = job.submit(WAITS, files=60, environment_variables={"GO": str(go)})
    deadline = time.monotonic() + 30
    while run.state().steps[0].total_mini_batches is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(job.orchestrator(run), signal.SIGKILL)
    while run.get_status() == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    go.touch()
    return run


def test_every_file_of_a_long_list_is_looked_at(job, interrupted):
    """One that was written since keeps the run from going on, wherever it stands."""
    later(job.data(60) / "00030.txt", "new")

    with pytest.raises(UserErrorException, match="files"):
        interrupted.resume()


def test_what_was_allowed_to_change_does_not_fail(job, interrupted):
    """Mini-batches get what is there now; what changes after that is refused again."""
    (job.data(60) / "00000.txt").write_text("new")
    soon = time.time() + 1.1
    while time.time() < soon:
        time.sleep(0.1)

    interrupted.resume(allow_changed=True)
    interrupted.wait_for_completion(show_output=False, raise_on_error=False)

    assert "Finished" == interrupted.get_status()
    assert "new00000.txt" == job.output(interrupted).decode().split()[0]
