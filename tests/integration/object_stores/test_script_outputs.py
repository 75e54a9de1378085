"""Scripts whose inputs and outputs are on a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines import (
    CommandStep,
    Dataset,
    OutputFileDatasetConfig,
    PipelineData,
    Workspace,
)
from azml_pipelines.data.file_store import StoreLocation, open_store
from azml_pipelines.testing.fault_proxy import FaultProxy, Faults
from azml_pipelines.testing.script_steps import ScriptSteps

COPIES = """
import os, shutil, sys
from pathlib import Path
source, target = map(Path, sys.argv[1:3])
for path in sorted(source.rglob("*")):
    if path.is_file():
        place = target / "deep" / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path.read_text().upper())
"""
JOINS = """
import sys
from pathlib import Path
files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
Path(sys.argv[2]).write_text(" ".join(path.read_text() for path in files))
"""


@pytest.fixture
def steps(workspace: Workspace, tmp_path):
    """Steps of scripts given as text."""
    return ScriptSteps(workspace, tmp_path)


def _texts(datastore, folder, tmp_path):
    """Return what is on the server below a folder."""
    settings = datastore.settings
    store = open_store(StoreLocation(settings.url, settings.options, settings.name))
    found = {}
    for file in store.files(folder):
        store.fetch(file, tmp_path / "back")
        found[file.path.removeprefix(f"{folder}/")] = (tmp_path / "back").read_text()
    return found


def _chain(steps, datastore):
    """Two scripts: one copies files of the server, one joins what that has made."""
    given = Dataset.File.from_files((datastore, "in")).as_named_input("files")
    given = given.as_mount()
    copied = OutputFileDatasetConfig("copied", (datastore, "fixed"))
    joined = PipelineData("joined", datastore=datastore)
    first = steps.script(COPIES, "copy", arguments=[given, copied], allow_reuse=False)
    second = steps.script(
        JOINS,
        "join",
        arguments=[copied.as_input("copied"), joined],
        outputs=[joined],
        allow_reuse=False,
    )
    return first, second


def _fill(tmp_path, datastore):
    (tmp_path / "data/b").mkdir(parents=True)
    (tmp_path / "data/a").write_text("one")
    (tmp_path / "data/b/ü c").write_text("two")
    datastore.upload(tmp_path / "data", "in", show_progress=False)


def test_a_script_reads_from_a_server_and_writes_to_it(lake, steps, tmp_path):
    """A folder and a file; the next script finds the folder where it was put."""
    datastore = lake.register()
    _fill(tmp_path, datastore)
    run = steps.run(*_chain(steps, datastore))

    assert run.get_status() == "Finished", run.state().error
    assert {"deep/a": "ONE", "deep/b/ü c": "TWO"} == _texts(
        datastore, "fixed", tmp_path
    )
    joined = run.find_step_run("join")[0].get_output_data("joined")
    joined.download(tmp_path / "out", show_progress=False)
    assert "ONE TWO" == (tmp_path / "out" / joined.path_on_datastore).read_text()


def test_a_command_writes_to_a_server(s3_lake, steps, tmp_path):
    """And what it made is registered when it has succeeded."""
    datastore = s3_lake.register()
    made = OutputFileDatasetConfig("made", (datastore, "made"))
    step = CommandStep(
        name="copy",
        command=["cp", "main.py", made.register_on_complete("m")],
        source_directory=steps.source("# done"),
    )
    run = steps.run(step)

    assert run.get_status() == "Finished", run.state().error
    dataset = Dataset.get_by_name(steps.workspace, "m")
    (path,) = dataset.download(tmp_path / "made")
    assert "# done" == Path(path).read_text()


def test_a_failed_script_leaves_nothing_on_a_server(s3_lake, steps, tmp_path):
    """Neither does one that was killed: only what has succeeded is brought there."""
    datastore = s3_lake.register()
    _fill(tmp_path, datastore)
    given = Dataset.File.from_files((datastore, "in")).as_mount()
    copied = OutputFileDatasetConfig("copied", (datastore, "fixed"))
    run = steps.run(
        steps.script(COPIES + "\nraise ValueError", "copy", arguments=[given, copied])
    )

    assert run.get_status() == "Failed"
    assert {} == _texts(datastore, "fixed", tmp_path)


def test_a_run_that_was_killed_while_it_uploaded_is_finished_by_resume(
    s3_lake, steps, tmp_path, monkeypatch
):
    """Whatever got there before: the files in the end are those of one whole try."""
    datastore = s3_lake.register()
    _fill(tmp_path, datastore)
    monkeypatch.setenv("AZML_FAILPOINTS", "output.put=kill@2")
    run = steps.run(*_chain(steps, datastore))
    status = run.get_status()
    half = _texts(datastore, "fixed", tmp_path)
    monkeypatch.delenv("AZML_FAILPOINTS")
    run.resume()
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert status != "Finished"
    assert len(half) < 2
    assert run.get_status() == "Finished", run.state().error
    assert {"deep/a": "ONE", "deep/b/ü c": "TWO"} == _texts(
        datastore, "fixed", tmp_path
    )


def test_a_server_that_is_away_fails_the_step_by_name(
    s3_lake, steps, tmp_path, wait_for
):
    """Resumed when the server is back, the step ends as it should have."""
    with FaultProxy(s3_lake.server.address) as proxy:
        datastore = s3_lake.register(proxy.address, patience=3)
        _fill(tmp_path, datastore)
        (tmp_path / "busy").touch()
        text = (
            COPIES + f"\nimport time\nPath({str(tmp_path / 'here')!r}).touch()\n"
            f"while Path({str(tmp_path / 'busy')!r}).exists(): time.sleep(0.02)"
        )
        given = Dataset.File.from_files((datastore, "in")).as_mount()
        copied = OutputFileDatasetConfig("copied", (datastore, "fixed"))
        run = steps.submit(steps.script(text, "copy", arguments=[given, copied]))
        wait_for(tmp_path / "here")
        proxy.faults = Faults(down=True)
        (tmp_path / "busy").unlink()
        run.wait_for_completion(show_output=False, raise_on_error=False)
        error = run.state().error or ""
        proxy.faults = Faults()
        run.resume()
        run.wait_for_completion(show_output=False, raise_on_error=False)

        assert "lake" in error
        assert "the output is complete in" in error
        assert run.get_status() == "Finished", run.state().error
        assert 2 == len(_texts(datastore, "fixed", tmp_path))
