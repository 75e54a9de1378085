"""The logs of a step have version 1's names and columns (v1-surface 25)."""

from __future__ import annotations

import csv
import re
from datetime import datetime

import pytest

from azml_pipelines.data.minibatch import split_files
from azml_pipelines.engine.job_logs import JobLogs
from azml_pipelines.engine.ledger import Counts
from azml_pipelines.store.workspace_folder import StepFolder
from azml_pipelines.testing.scripted_slots import ScriptedSlots
from azml_pipelines.worker.messages import Bundle


@pytest.fixture
def logs(tmp_path):
    """The folder in which logs are found."""
    return tmp_path / "logs"


@pytest.fixture
def settle(tmp_path):
    """Let scripted slots run a bundle of three, and note its report."""

    def settle(outcomes=None, *, final=frozenset(), counts=None, total=3):
        lines = "".join(line for _, line in split_files(0, "abcdef", 2))
        slots = ScriptedSlots(outcomes=outcomes)
        slots.submit(Bundle(0, 3, 1, lines.encode()))
        job_logs = JobLogs(StepFolder(tmp_path), total)
        job_logs.settled(slots.next_report(0), frozenset(final), counts or Counts(3))
        return job_logs

    return settle


def rows(path):
    """Read a file of comma-separated values."""
    with path.open(newline="") as file:
        return list(csv.reader(file))


def one(folder, pattern):
    """Return the only file that matches."""
    (path,) = folder.glob(pattern)
    return path


def test_the_readme_explains_the_layout(settle, logs):
    """It names every place."""
    settle()
    text = (logs / "readme.txt").read_text()

    for name in ("job_result.txt", "user/error.txt", "processed_mini-batches.csv"):
        assert name in text


def test_processed_mini_batches(settle, logs):
    """Their id and how they ended, in version 1's words."""
    settle({(1, 1): "exception"}, final={1})

    assert rows(logs / "sys/job_report/processed_mini-batches.csv") == [
        ["Mini-batch Id", "Status"],
        ["0", "RUN_DONE"],
        ["2", "RUN_DONE"],
        ["1", "RUN_FAILED"],
    ]


def test_a_timeout_has_its_own_word(settle, logs):
    """The progress widget tells it from other failures."""
    settle({(1, 1): "timeout"}, final={1})

    assert ["1", "RUN_TIMEOUT"] in rows(
        logs / "sys/job_report/processed_mini-batches.csv"
    )


def test_a_mini_batch_that_is_tried_again_is_not_processed(settle, logs):
    """It will be."""
    settle({(1, 1): "exception"})
    ids = [row[0] for row in rows(logs / "sys/job_report/processed_mini-batches.csv")]

    assert ids == ["Mini-batch Id", "0", "2"]


def test_progress(settle, logs):
    """Version 1's columns; the time left is not known before anything is done."""
    settle(counts=Counts(), total=10).ended("Finished", None, Counts(5, 1))
    header, first, last = rows(one(logs, "sys/metrics/*/progress.csv"))

    assert header == [
        "Datetime",
        "Total Tasks",
        "Scheduled Tasks",
        "Completed Tasks",
        "Failed Tasks",
        "Elapsed Time",
        "Estimated Remaining Time",
    ]
    assert datetime.strptime(first[0], "%Y-%m-%dT%H:%M:%S.%f")  # noqa: DTZ007
    assert first[1:5] == ["10", "0", "0", "0"]
    assert first[6] == "N/A"
    assert last[1:5] == ["10", "5", "5", "1"]
    assert float(last[6]) >= 0


def test_the_overview(settle, logs):
    """Counts of mini-batches and items, as they went on."""
    settle(counts=Counts(4, 1, 30, 10, 2), total=10)
    text = one(logs, "job_progress_overview.*.txt").read_text()

    assert re.search(r"total 10, processed 4, failed 1, remaining 6, retries 2", text)
    assert re.search(r"succeeded 30, failed 10", text)


def test_the_result(settle, logs):
    """How it ended, the counts, and why."""
    settle().ended("Failed", "Step 'x' failed: caf\udcff", Counts(3, 2, 1, 5))
    text = (logs / "job_result.txt").read_text()

    assert text.startswith("Status: Failed\n")
    assert "processed 3, failed 2" in text
    assert "Error: Step 'x' failed: caf\\udcff\n" in text


def test_one_line_for_each_mini_batch(settle, logs):
    """Where it ran, how many items, how many failed, how long."""
    settle({(0, 1): 1})
    first, *others = (logs / "sys/node/node000/process000.txt").read_text().splitlines()

    assert "mini-batch 0 try 1 total 2 succeeded 1 failed 1 run 0.001000 s" in first
    assert len(others) == 2


def test_errors_are_summed_up_in_two_places(settle, logs):
    """One line each, with the exception, the user's line and what follows."""
    settle({(0, 1): "exception", (2, 1): "wrong return"}, final={2})
    text = (logs / "job_error.txt").read_text()
    first, second = text.splitlines()

    assert text == (logs / "user/error.txt").read_text()
    assert "mini-batch 0 try 1 exception: RuntimeError: scripted" in first
    assert first.endswith("score.py:1 in run: scripted (tried again)")
    assert second.endswith("(given up)")


def test_without_errors_there_is_no_error_file(settle, logs):
    """An empty one would frighten."""
    settle()

    assert not (logs / "job_error.txt").exists()
    assert not (logs / "user/error.txt").exists()


def test_a_resumed_step_goes_on_in_the_same_files(settle, logs):
    """Their header stands once."""
    settle()
    settle()
    table = rows(logs / "sys/job_report/processed_mini-batches.csv")

    assert len(table) == 7
    assert table.count(["Mini-batch Id", "Status"]) == 1
