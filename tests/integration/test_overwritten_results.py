"""Rows that somebody else has written over are nobody's result."""

from __future__ import annotations

from azml_pipelines import Dataset

SCRIPT = """
import os, time
from pathlib import Path

OUTPUT = Path(os.environ["AZUREML_BI_OUTPUT_PATH"], "parallel_run_step.txt")
ONCE = Path({once!r})

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]

def shutdown():
    while not OUTPUT.exists() and not ONCE.exists():
        time.sleep(0.01)
    if not ONCE.exists():
        ONCE.touch()
        OUTPUT.write_text("of another run\\n")
"""


def test_rows_that_were_written_over_are_not_reused(tables, tmp_path):
    """By another run, say, between the commit and the note of what can be reused."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "0.txt").touch()
    files = Dataset.File.from_files(str(tmp_path / "in")).as_named_input("files")
    script = SCRIPT.format(once=str(tmp_path / "once"))
    runs = [
        tables.run(script, files.as_mount(), process_count_per_node=1) for _ in range(2)
    ]
    texts = [(tables.output(run) / "parallel_run_step.txt").read_text() for run in runs]

    assert texts == ["of another run\n", "0.txt\n"]
    assert runs[1].state().steps[0].reused_from is None
    assert "is not what it has written there" in runs[1].explain("score").text
