"""What an entry script may ask about its place."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from azml_pipelines.worker.entry_script import EntryScript


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    for name in ("AZML_LOG_DIR", "AZML_PROCESS", "AZUREML_BI_OUTPUT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(EntryScript, "_instance", None)
    logger = logging.getLogger("EntryScript")
    yield
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = True


@pytest.fixture
def log_dir(tmp_path, monkeypatch):
    """The folder of a run's entry script logs."""
    folder = tmp_path / "logs" / "user" / "entry_script_log" / "node-0"
    monkeypatch.setenv("AZML_LOG_DIR", str(folder))
    monkeypatch.setenv("AZML_PROCESS", "process002")
    return folder


def test_there_is_one_per_process():
    """Everybody who asks gets the same object."""
    assert EntryScript() is EntryScript()


def test_the_logger_writes_into_the_file_of_its_process(log_dir):
    """One file per process; asking twice does not write twice."""
    EntryScript().logger.warning("first")
    EntryScript().logger.warning("Zo\udcff")
    lines = (log_dir / "process002.log.txt").read_text().splitlines()

    assert len(lines) == 2
    assert lines[0].endswith("|first")
    assert lines[1].endswith("|Zo\\udcff")


def test_a_logger_that_says_nothing_leaves_no_file(log_dir):
    """Empty files tell nobody anything."""
    assert EntryScript().logger.name == "EntryScript"
    assert not (log_dir / "process002.log.txt").exists()


def test_places_inside_of_a_run(log_dir, tmp_path, monkeypatch):
    """They are those that the worker process was given."""
    monkeypatch.setenv("AZUREML_BI_OUTPUT_PATH", str(tmp_path / "out"))
    monkeypatch.chdir(tmp_path)
    entry = EntryScript()

    assert entry.log_dir == str(log_dir)
    assert entry.output_dir == str(tmp_path / "out")
    assert entry.agent_name == "process002"
    assert entry.working_dir == str(tmp_path)


def test_outside_of_a_run_it_is_useful_too(caplog):
    """A unit test of an entry script gets an ordinary logger and real folders."""
    entry = EntryScript()
    entry.logger.warning("seen by pytest")

    assert "seen by pytest" in caplog.text
    assert Path(entry.output_dir).is_dir()
    assert Path(entry.log_dir).is_dir()
    assert entry.output_dir == entry.output_dir
    assert entry.output_dir != entry.log_dir
    assert entry.agent_name == "process000"


def test_it_costs_the_standard_library_alone():
    """A worker process imports it before every entry script that asks for it."""
    program = (
        "import sys, azml_pipelines.worker.entry_script\n"
        "print(*(n for n in sys.modules if n.partition('.')[0] in "
        "{'pydantic', 'pandas', 'rich', 'click', 'IPython'}))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert finished.stdout.strip() == ""
