"""Files with strange names, and files that go, change or cannot be read meanwhile."""

from __future__ import annotations

import gzip
import os

import pytest

from azml_pipelines import Dataset

# Names that a file may have on Linux, and what they have broken elsewhere.
NAMES = [
    "plain.txt", "with space.txt", " leading space", "trailing space ", "-leading-dash",
    "--output", "~tilde", "#hash", "$HOME", "`whoami`", "$(id)", ";semicolon", "a&b",
    "a|b", "a<b>c", "*", "?", "[1]", "{a,b}", "%20", "%s", "100%", "quote'", 'quote"',
    "back\\slash", "comma,comma", "colon:colon", "equals=1", "=SUM(A1)", "+1", "@at",
    "new\nline", "carriage\rreturn", "tab\there", "esc\x1b[31mred", "bell\x07",
    "emoji 😀", "rtl \u202e gnp.exe", "zero\u200bwidth", "cafe\u0301", "caf\xe9",
    "case", "CASE", "n" * 255, os.fsdecode(b"bytes \xff\xfe"), "nul\\0",
    "\u2028separator",
]  # fmt: skip
ECHO = """
import os

def run(mini_batch):
    return [os.fsencode(os.path.basename(path)).hex() for path in mini_batch]
"""
BAD = """
import os

def run(mini_batch):
    raise ValueError(os.path.basename(mini_batch[0]))
"""


@pytest.fixture
def strange(tmp_path):
    """A file of each name."""
    (tmp_path / "strange").mkdir()
    for name in NAMES:
        (tmp_path / "strange" / name).touch()
    return Dataset.File.from_files(str(tmp_path / "strange"))


def test_there_are_forty_and_more():
    """As many as the catalogue of faults asks for."""
    assert len(set(NAMES)) >= 40


def test_any_name_goes_through_plan_script_output_and_trace(job, strange):
    """As it is: every byte of it, once, and found again by its name."""
    run = job.finish(ECHO, reads=strange.as_named_input("f").as_mount())
    (step,) = run.get_steps()
    rows = job.output(run).decode().splitlines()
    names = [os.fsdecode(bytes.fromhex(row)) for row in rows]
    found = {name: [one.first_row for one in step.trace_item(name)] for name in NAMES}

    assert run.get_status() == "Finished", run.state().error
    assert sorted(NAMES) == sorted(names)
    assert names == [step.trace(number).item for number in range(len(names))]
    assert {name: [names.index(name)] for name in NAMES} == found


def test_any_name_is_told_when_it_fails(job, strange):
    """In the list of failed items as it is, and in the tables as escapes."""
    reads = strange.as_named_input("f").as_mount()
    run = job.finish(BAD, reads=reads, run_max_try=1)
    (step,) = run.get_steps()
    place = job.run_folder(run).step(step.id)
    table = place.failed_items_csv.read_bytes().decode()

    assert sorted(NAMES) == sorted(item.item for item in run.failed_items())
    assert len(NAMES) == place.failed_items_jsonl.read_bytes().count(b"\n")
    # A spreadsheet calculates what begins so.
    assert "\n=SUM" not in table
    assert "\n+1," not in table


WAITS = """
import os, time

def run(mini_batch):
    open({here!r}, "w").close()
    while not os.path.exists({go!r}):
        time.sleep(0.02)
    return list(mini_batch["n"])
"""


def test_tables_that_go_change_or_cannot_be_read_fail_by_reason(tables, tmp_path):
    """Each alone, while all others have their rows: nothing is lost without a word."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02d}.csv").write_text(f"n\n{number}\n")
    packed = gzip.compress(b"n\n12\n" * 1000)
    (folder / "12.csv.gz").write_bytes(packed[: len(packed) // 2])
    here, go = tmp_path / "here", tmp_path / "go"
    table = Dataset.Tabular.from_delimited_files(str(folder), validate=False)
    run = tables.submit(
        WAITS.format(here=str(here), go=str(go)),
        table.as_named_input("t"),
        process_count_per_node=1,
        run_max_try=1,
    )
    while not here.exists():
        assert run.get_status() not in {"Failed", "Finished"}, run.state().error
    (folder / "08.csv").unlink()
    (folder / "09.csv").write_text("n\n909\n")
    (folder / "10.csv").unlink()
    (folder / "10.csv").mkdir()
    os.utime(folder / "11.csv", (5, 5))
    go.touch()
    run.wait_for_completion(show_output=False, raise_on_error=False)
    reasons = {item.item.partition(" ")[0]: item.reason for item in run.failed_items()}
    rows = (tables.output(run) / "parallel_run_step.txt").read_text().split()

    assert {
        "08.csv": "missing",
        "09.csv": "changed_since_plan",
        "10.csv": "changed_since_plan",
        "11.csv": "changed_since_plan",
        "12.csv.gz": "unreadable",
    } == reasons
    assert [str(number) for number in range(8)] == rows
