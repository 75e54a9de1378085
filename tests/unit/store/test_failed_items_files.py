"""The files that list failed items: whole or absent, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import json
import stat

import pytest

from azml_pipelines.data.output_writer import OutputWriter
from azml_pipelines.store.failed_items_files import csv_cell, write_failed_items

WRITER = OutputWriter("score", 2, bool)


def test_people_and_programs_get_the_same(stored):
    """One line each per failed item; the return value is how many there are."""
    stored.fail(0, 2, message='a, "b"\nc')
    stored.done(1, ["only one"], 2)

    count = write_failed_items(stored.folder, stored.step, 0, WRITER)
    with stored.place.failed_items_csv.open(newline="") as file:
        table = list(csv.DictReader(file))
    text = stored.place.failed_items_jsonl.read_text()
    lines = [json.loads(line) for line in text.splitlines()]

    assert 3 == count == len(table) == len(lines)
    assert ["0a.txt", "0b.txt", None] == [line["item"] for line in lines]
    assert "one of: 1a.txt, 1b.txt" == table[2]["item"]
    assert 'a, "b"\nc' == table[0]["message"] == lines[0]["message"]
    assert "azml replay run-1 0" == table[0]["replay"]


def test_only_the_owner_may_read_them(stored):
    """Messages of user code may hold anything."""
    stored.fail(0, 2)
    write_failed_items(stored.folder, stored.step, 0, WRITER)

    for file in (stored.place.failed_items_csv, stored.place.failed_items_jsonl):
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_nothing_failed_any_more(stored):
    """Files of an earlier end of the step go; no temporary file stays."""
    stored.place.failed_items_csv.write_text("old")
    stored.place.failed_items_jsonl.write_text("old")

    assert 0 == write_failed_items(stored.folder, stored.step, 0, WRITER)
    assert [] == list(stored.place.root.glob("*failed_items*"))


def test_a_full_disk_leaves_the_old_files(stored, monkeypatch):
    """They are replaced in one step or not at all."""
    stored.fail(0, 2)
    stored.place.failed_items_csv.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("azml_pipelines.failpoints.write", full)
    with pytest.raises(OSError, match="No space"):
        write_failed_items(stored.folder, stored.step, 0, WRITER)

    assert "old" == stored.place.failed_items_csv.read_text()
    assert [] == list(stored.place.root.glob(".*"))


def test_whoever_has_lost_the_run_changes_nothing(stored):
    """Also when it has nothing to list any more."""
    stored.place.failed_items_csv.write_text("of the next one")

    def lost():
        msg = "taken over"
        raise RuntimeError(msg)

    for fail in (lambda: None, lambda: stored.fail(0, 2)):
        fail()
        with pytest.raises(RuntimeError, match="taken over"):
            write_failed_items(
                stored.folder, stored.step, 0, OutputWriter("score", 1, lost)
            )

    assert "of the next one" == stored.place.failed_items_csv.read_text()
    assert [] == list(stored.place.root.glob(".*"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start):
    """What a spreadsheet would calculate gets a quote in front."""
    assert f"'{start}1+1" == csv_cell(f"{start}1+1")


def test_ordinary_text_stays(stored):
    """Also in the middle of a name, and what is not UTF-8 can be read."""
    assert "a=b" == csv_cell("a=b")
    assert "\\udcff.txt" == csv_cell("\udcff.txt")
