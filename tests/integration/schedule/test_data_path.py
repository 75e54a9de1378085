"""A script with a ``DataPath`` parameter gets what is new, as in version 1."""

from __future__ import annotations

from azml_pipelines import (
    DataPath,
    DataPathComputeBinding,
    Pipeline,
    PipelineParameter,
    PythonScriptStep,
    Schedule,
)

COPY = """
import os, sys

place = sys.argv[1]
if os.path.isdir(place):
    found = [os.path.join(at, one) for at, _, names in os.walk(place) for one in names]
else:
    found = [place]
with open(sys.argv[2], "a") as notes:
    for path in sorted(found):
        with open(path) as file:
            notes.write(f"{os.path.basename(path)} {file.read()}\\n")
    notes.write("--\\n")
"""


def test_the_script_gets_the_path_of_what_is_new(stage):
    """Each new file has a run of its own, and nothing else in it."""
    place, inbox = stage.inbox()
    (place / "old.txt").write_text("old")
    notes = stage.folder / "notes"
    source = stage.folder / "scripts"
    source.mkdir()
    (source / "copy.py").write_text(COPY)
    files = PipelineParameter("files", DataPath(inbox, "old.txt"))
    data = (files, DataPathComputeBinding(mode="mount"))
    step = PythonScriptStep(
        "copy.py",
        name="copy",
        arguments=[data, str(notes)],
        inputs=[data],
        source_directory=str(source),
    )
    published = Pipeline(stage.workspace, [step]).publish("copy")
    schedule = Schedule.create(
        stage.workspace,
        "s",
        published.id,
        "e",
        datastore=inbox,
        polling_interval=1,
        data_path_parameter_name="files",
    )
    scheduler = stage.scheduler()
    for texts in ({"a.txt": "1"}, {"b.txt": "2", "c.txt": "3"}):
        for name, text in texts.items():
            (place / name).write_text(text)
        for _ in range(3):
            stage.clock.move(minutes=1, seconds=1)
            scheduler.tick()
    for run in schedule.get_pipeline_runs():
        assert run.wait_for_completion(show_output=False) == "Finished"

    assert sorted(notes.read_text().splitlines()) == [
        *["--"] * 3,
        "a.txt 1",
        "b.txt 2",
        "c.txt 3",
    ]
