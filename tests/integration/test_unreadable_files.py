"""D1, D2 and D10: files that go, change, answer with errors or are not ours to read."""

from __future__ import annotations

import errno
import gzip
import os
import tempfile
import traceback
from pathlib import Path

import pytest

from azml_pipelines import Dataset, Workspace

SAME = """
def run(mini_batch):
    return mini_batch
"""
READS = """
import os, time
from pathlib import Path

def run(mini_batch):
    Path({here!r}).touch()
    while not Path({go!r}).exists():
        time.sleep(0.02)
    return [f"{{os.path.basename(p)}}={{Path(p).read_text()}}" for p in mini_batch]
"""
SOMEBODY = 65534
"""The user that owns nothing."""
_EIO = Path("/sys/devices/software/power/autosuspend_delay_ms")


@pytest.fixture
def broken():
    """A file of this machine that can be opened and answers EIO when it is read."""
    try:
        _EIO.read_bytes()
    except OSError as error:
        if error.errno == errno.EIO:
            return str(_EIO)
    return pytest.skip(f"NOT RUN: {_EIO} does not answer with an error here")


def _texts(folder, count):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.csv").write_text(f"n\n{number}\n")
    return [str(folder / f"{number}.csv") for number in range(count)]


def _reasons(run):
    return {item.item.partition(" ")[0]: item.reason for item in run.failed_items()}


def test_a_table_that_answers_with_an_error_fails_alone(tables, tmp_path, broken):
    """A bad sector, say: by its reason; every other row is there."""
    paths = _texts(tmp_path / "in", 4)
    table = Dataset.Tabular.from_delimited_files(
        [*paths[:2], broken, *paths[2:]], validate=False, infer_column_types=False
    )
    run = tables.run(SAME, table.as_named_input("t"), run_max_try=2)
    rows = (tables.output(run) / "parallel_run_step.txt").read_text().split()
    (item,) = run.failed_items()

    assert ["0", "1", "2", "3"] == rows
    assert "unreadable" == item.reason
    assert _EIO.name in item.item
    assert "Input/output error" in item.message


def test_a_file_that_answers_with_an_error_fails_alone(tables, tmp_path, broken):
    """The script reads it; what Python says is what is written down."""
    paths = _texts(tmp_path / "in", 4)
    files = Dataset.File.from_files([*paths[:2], broken, *paths[2:]])
    (tmp_path / "go").touch()
    script = READS.format(here=str(tmp_path / "here"), go=str(tmp_path / "go"))
    run = tables.run(script, files.as_named_input("f"), mini_batch_size="1")
    text = (tables.output(run) / "parallel_run_step.txt").read_text()
    (item,) = run.failed_items()

    assert 4 == text.count("=")
    assert "exception" == item.reason
    assert _EIO.name in item.item
    assert "Input/output error" in item.message


def test_files_that_go_or_change_fail_alone(tables, tmp_path):
    """While the run goes on: by their reasons; the tries are those of the step."""
    paths = _texts(tmp_path / "in", 8)
    here, go = tmp_path / "here", tmp_path / "go"
    script = READS.format(here=str(here), go=str(go))
    run = tables.submit(
        script,
        Dataset.File.from_files(str(tmp_path / "in")).as_named_input("f").as_mount(),
        mini_batch_size="1",
        process_count_per_node=1,
        run_max_try=1,
    )
    while not here.exists():
        assert run.get_status() not in {"Failed", "Finished"}, run.state().error
    Path(paths[4]).unlink()
    Path(paths[5]).write_text("n\nmuch longer\n")
    with Path(paths[6]).open("r+") as file:
        file.truncate(2)
    go.touch()
    run.wait_for_completion(show_output=False, raise_on_error=False)
    text = (tables.output(run) / "parallel_run_step.txt").read_text()

    assert {
        "4.csv": "missing",
        "5.csv": "changed_since_plan",
        "6.csv": "changed_since_plan",
    } == _reasons(run)
    assert 5 == text.count("=")


def _as_somebody(work):
    """Do ``work`` as another user, in a process of its own, and expect no error."""
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: only root can become another user")
    pid = os.fork()
    if not pid:
        code = 99
        try:
            os.setgroups([])
            os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
            os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_files_that_are_not_ours_to_read_fail_alone(monkeypatch, make_tables):
    """Mode 000, as a user that is not root: by their reason, all others have rows."""
    with tempfile.TemporaryDirectory(prefix="azml-shared-") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        paths = _texts(folder / "in", 5)
        (folder / "in").chmod(0o755)
        monkeypatch.setenv("HOME", str(folder))
        # In this process, which may not be able to load more as another user.
        _read_all(make_tables, folder / "warm", folder / "in", [])
        Path(paths[1]).chmod(0)
        Path(paths[3]).chmod(0)
        his = folder / "his"
        _as_somebody(lambda: _read_all(make_tables, his, folder / "in", [1, 3]))


def _read_all(make_tables, home, source, unreadable):
    home.mkdir()
    workspace = Workspace.create("his", path=home / "ws", show_output=False)
    tables = make_tables(workspace, home)
    table = Dataset.Tabular.from_delimited_files(str(source), validate=False)
    run = tables.debug(SAME, table.as_named_input("t"), run_max_try=1)
    rows = (tables.output(run) / "parallel_run_step.txt").read_text().split()

    assert [str(n) for n in range(5) if n not in unreadable] == rows
    assert {f"{n}.csv": "unreadable" for n in unreadable} == _reasons(run)


def _with_a_damaged_file(folder):
    """Return a table of two good files and one that breaks off."""
    paths = _texts(folder, 2)
    bad = folder / "bad.csv.gz"
    bad.write_bytes(gzip.compress(b"n\n" + os.urandom(9_000))[:5_000])
    return Dataset.Tabular.from_delimited_files(
        [*paths, str(bad)], validate=False, infer_column_types=False
    )


def test_a_table_that_nobody_can_read_counts_as_a_failed_item(tables, tmp_path):
    """How many rows it has is not known, but not none: the threshold sees it."""
    table = _with_a_damaged_file(tmp_path / "in").as_named_input("t")
    run = tables.run(SAME, table, run_max_try=1, error_threshold=0)
    (step,) = run.state().steps

    assert run.get_status() == "Failed"
    assert "1 item failed; error_threshold=0 allows 0" in run.state().error
    assert step.failed_items == 1
    assert [finding.text for finding in run.verify() if not finding.ok] == []


def test_a_result_without_a_table_that_nobody_can_read_is_not_reused(tables, tmp_path):
    """Its rows are missing, so the next run tries again."""
    table = _with_a_damaged_file(tmp_path / "in").as_named_input("t")
    runs = [tables.run(SAME, table, run_max_try=1) for _ in range(2)]

    for run in runs:
        (step,) = run.state().steps
        assert (run.get_status(), step.failed_items) == ("Finished", 1)
        assert step.reused_from is None
        assert [finding.text for finding in run.verify() if not finding.ok] == []
