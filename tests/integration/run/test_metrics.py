"""What scripts log is found again: through the SDK and on the command line."""

from __future__ import annotations

import json
import subprocess
import sys

LOGS = """
from azml_pipelines import Run

run = Run.get_context()
for loss in (0.5, 0.25):
    run.log("loss", loss)
run.log_list("layers", [8, 4])
run.log_row("epoch", number=1, loss=0.5)
run.log_table("confusion", {"cat": [9, 1]})
with open("curve.png", "wb") as file:
    file.write(b"png")
run.log_image("curve", path="curve.png")
run.upload_file("models/model.bin", "curve.png")
run.tag("kind", "baseline")
run.add_properties({"seed": 7})
run.parent.log("total", 12)
run.child_run("fold").log("loss", 1)
assert run.get_metrics("loss") == {"loss": [0.5, 0.25]}
assert [child.get_metrics() for child in run.get_children()] == [{"loss": 1}]
import os
os.makedirs("outputs")
with open("outputs/kept.txt", "w") as file:
    file.write("kept")
os.kill(os.getpid(), 9) if os.environ.get("DIE") else None
"""
METRICS = {
    "loss": [0.5, 0.25],
    "layers": [8, 4],
    "epoch": {"number": 1, "loss": 0.5},
    "confusion": {"cat": [9, 1]},
    "curve": "curve.png",
}


def test_metrics_tags_and_files_of_a_script(steps, tmp_path):
    """Of the step and of the run, as version 1 puts them together."""
    run = steps.run(steps.script(LOGS, "train"))
    (step,) = run.find_step_run("train")

    assert run.get_status() == "Finished", run.state().error
    assert step.get_metrics() == METRICS
    assert run.get_metrics() == {"total": 12, "train": METRICS}
    assert run.get_metrics(recursive=False) == {"total": 12}
    assert step.tags == {"kind": "baseline"}
    assert step.properties["seed"] == "7"
    assert {"curve.png", "models/model.bin", "outputs/kept.txt"} <= set(
        step.get_file_names()
    )
    step.download_file("models/model.bin", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == b"png"


def test_what_was_logged_survives_a_kill(steps):
    """A script that dies with SIGKILL loses nothing of it."""
    step = steps.script(LOGS, "train", environment_variables={"DIE": "1"})
    run = steps.run(step)

    assert run.get_status() == "Failed"
    assert "SIGKILL" in run.state().error
    assert run.find_step_run("train")[0].get_metrics() == METRICS


def test_the_command_line_prints_metrics(steps, workspace):
    """As lines, and as JSON."""
    run = steps.run(steps.script(LOGS, "train"))

    def azml(*words):
        command = [
            sys.executable,
            "-c",
            "from azml_pipelines.cli.main import main; main()",
            *words,
        ]
        done = subprocess.run(
            command,
            cwd=workspace.folder.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert "train: layers = [8, 4]" in azml("metrics", run.id).splitlines()
    assert "train: layers = [8, 4]" in azml("show", run.id).splitlines()
    assert json.loads(azml("metrics", run.id, "train", "--json")) == {
        "schema_version": 1,
        "metrics": {"train": METRICS},
    }


def test_charts_of_version_1_are_kept_as_they_are_given(steps):
    """Dictionaries and JSON; what cannot be drawn is refused where it is logged."""
    text = """
import json
from azml_pipelines import Run
from azml_pipelines.errors import UserErrorException

run = Run.get_context()
def chart(kind):
    return {"schema_type": kind, "schema_version": "v1", "data": {"bins": [1, 2]}}
run.log_confusion_matrix("matrix", chart("confusion_matrix"))
run.log_accuracy_table("table", json.dumps(chart("accuracy_table")))
run.log_residuals("rest", chart("residuals"))
run.log_predictions("seen", json.dumps(chart("predictions")))
for wrong in ("{", {"matrix": []}, [1]):
    try:
        run.log_confusion_matrix("wrong", wrong)
    except UserErrorException as error:
        print(error.message)
"""
    run = steps.run(steps.script(text, "train"))
    (step,) = run.find_step_run("train")
    kinds = {
        "matrix": "confusion_matrix",
        "table": "accuracy_table",
        "rest": "residuals",
        "seen": "predictions",
    }

    assert run.get_status() == "Finished", run.state().error
    assert step.get_metrics() == {
        name: {"schema_type": kind, "schema_version": "v1", "data": {"bins": [1, 2]}}
        for name, kind in kinds.items()
    }
    assert step.get_stdout_log().count("with schema_type, schema_version and data") == 3
