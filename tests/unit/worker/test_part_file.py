"""Rows are written whole or not at all, into a file that nobody else has written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from azml_pipelines.worker.part_file import PartFile


def test_rows_follow_each_other(tmp_path):
    """Each call returns the offset at which its rows stand."""
    part = PartFile(str(tmp_path), "a.part")
    offsets = [part.append(rows) for rows in (b"one\n", b"two\nthree\n", b"four\n")]

    assert [0, 4, 14] == offsets
    assert (tmp_path / "a.part").read_bytes() == b"one\ntwo\nthree\nfour\n"


def test_no_rows_need_no_file(tmp_path):
    """A worker that never returns a row leaves nothing behind."""
    part = PartFile(str(tmp_path), "a.part")

    assert part.append(b"") == 0
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_reads_it(tmp_path):
    """Rows are their owner's."""
    PartFile(str(tmp_path), "a.part").append(b"row\n")

    assert (tmp_path / "a.part").stat().st_mode & 0o777 == 0o600


def test_a_file_that_exists_is_not_touched(tmp_path):
    """A part is written once, by one process."""
    (tmp_path / "a.part").write_bytes(b"somebody's\n")

    with pytest.raises(FileExistsError):
        PartFile(str(tmp_path), "a.part").append(b"mine\n")

    assert (tmp_path / "a.part").read_bytes() == b"somebody's\n"


def test_a_link_is_not_followed(tmp_path):
    """Not even one that leads nowhere."""
    (tmp_path / "a.part").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="exists"):
        PartFile(str(tmp_path), "a.part").append(b"mine\n")

    assert not (tmp_path / "elsewhere").exists()


LIMITED = """\
import os, resource, signal, sys
from azml_pipelines.worker.part_file import PartFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
part = PartFile(sys.argv[1], "a.part")
part.append(b"first\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
try:
    part.append(b"does not fit\\n")
except OSError as error:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
print(part.append(b"second\\n"))
"""


def test_rows_that_do_not_fit_leave_no_trace(tmp_path):
    """A short write is taken back, and the next rows stand where they belong."""
    finished = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.split() == ["refused", "6"]
    assert (tmp_path / "a.part").read_bytes() == b"first\nsecond\n"


def headers(folder):
    """Return the noted headers by the mini-batch in their name."""
    return {
        int(path.name.removeprefix("header-")): path.read_bytes()
        for path in folder.glob("header-*")
    }


def test_a_header_is_noted_once(tmp_path):
    """Thousands of tables with the same columns leave one file."""
    part = PartFile(str(tmp_path), "a.part")
    for mini_batch in (3, 4, 5):
        part.note_header(b"a b\n", mini_batch)

    assert headers(tmp_path) == {3: b"a b\n"}


def test_an_earlier_mini_batch_counts_even_when_it_comes_late(tmp_path):
    """The commit takes the header of the first mini-batch, whoever ran it when."""
    part = PartFile(str(tmp_path), "a.part")
    part.note_header(b"a b\n", 5)
    part.note_header(b"other\n", 2)
    part.note_header(b"a b\n", 0)

    assert headers(tmp_path)[0] == b"a b\n"


def test_no_header_is_no_file(tmp_path):
    """Results without a header leave none."""
    PartFile(str(tmp_path), "a.part").note_header(b"", 0)

    assert list(tmp_path.iterdir()) == []


def test_a_header_appears_whole(tmp_path, monkeypatch):
    """What a killed process leaves half-written has a name that nobody looks for."""

    def killed(*_):
        raise InterruptedError

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(InterruptedError):
        PartFile(str(tmp_path), "a.part").note_header(b"a b\n", 0)

    assert headers(tmp_path) == {}
    assert len(list(tmp_path.iterdir())) == 1
