"""Parts become one file, in order, checked, at once."""

from __future__ import annotations

import hashlib
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.data import commit as module
from azml_pipelines.data.output_writer import OutputWriter
from azml_pipelines.data.stretch import Slice, Stretch
from azml_pipelines.errors import DamagedPartError


def commit(slices, parts, destination, header=b"", *, step="score", confirm=bool):
    """Commit slices one by one, as the second life of a step."""
    writer = OutputWriter(step, 2, confirm)
    return module.commit(map(Stretch.of, slices), parts, destination, writer, header)


class Parts:
    """Part files, written row by row."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def write(self, part, mini_batch, rows):
        """Append the rows of one mini-batch, and return where they stand."""
        with (self.folder / part).open("ab") as file:
            offset = file.tell()
            file.write(rows)
        return Slice(mini_batch, part, offset, len(rows), crc32(rows))


@pytest.fixture
def parts(tmp_path):
    """An empty folder for parts."""
    return Parts(tmp_path / "parts")


@pytest.fixture
def destination(tmp_path):
    """A file that is to be made, in a folder of its own."""
    folder = tmp_path / "output"
    folder.mkdir()
    return folder / "rows.txt"


def test_rows_come_in_the_order_of_the_slices(parts, destination):
    """Whichever part they are in, and in whichever order they were written."""
    second = parts.write("b.part", 1, b"second\n")
    fourth = parts.write("b.part", 3, b"fourth\n")
    third = parts.write("a.part", 2, b"third\n")
    first = parts.write("a.part", 0, b"first\n")
    committed = commit([first, second, third, fourth], parts.folder, destination)

    content = b"first\nsecond\nthird\nfourth\n"

    assert destination.read_bytes() == content
    assert committed.bytes == len(content)
    assert committed.sha256 == hashlib.sha256(content).hexdigest()


def test_rows_that_lost_are_left_out(parts, destination):
    """What stands in a part and is not named does not reach the output."""
    parts.write("a.part", 0, b"killed before it settled\n")
    kept = parts.write("a.part", 0, b"kept\n")
    commit([kept], parts.folder, destination)

    assert destination.read_bytes() == b"kept\n"


def test_the_header_comes_first(parts, destination):
    """Once, before all rows; it counts as content."""
    rows = parts.write("a.part", 0, b"1 2\n")
    committed = commit([rows], parts.folder, destination, b"a b\n")

    assert destination.read_bytes() == b"a b\n1 2\n"
    assert committed.bytes == 8


def test_mini_batches_without_rows_need_no_part(parts, destination):
    """A worker that returned nothing has written no file."""
    empty = Slice(0, "never-written.part", 0, 0, 0)
    later = Slice(1, "never-written.part", 17, 0, 0)
    committed = commit([empty, later], parts.folder, destination)

    assert destination.read_bytes() == b""
    assert committed.bytes == 0


@pytest.fixture
def damage(parts, destination):
    """Damage the middle one of three mini-batches over an existing output."""
    destination.write_bytes(b"as it was before\n")
    slices = [parts.write("a.part", n, b"row %d\n" % n) for n in range(3)]

    def damage(how):
        how(parts.folder / "a.part")
        with pytest.raises(DamagedPartError) as caught:
            commit(slices, parts.folder, destination)
        return caught.value

    return damage


def flip(path):
    """Change one byte of the second row."""
    content = bytearray(path.read_bytes())
    content[8] ^= 1
    path.write_bytes(content)


def cut(path):
    """Lose the end of the second row."""
    path.write_bytes(path.read_bytes()[:10])


@pytest.mark.parametrize(
    ("how", "mini_batch"),
    [
        pytest.param(flip, 1, id="a byte changed"),
        pytest.param(cut, 1, id="the end is missing"),
        pytest.param(lambda path: path.unlink(), 0, id="the part is missing"),
        pytest.param(lambda path: path.write_bytes(b""), 0, id="the part is empty"),
    ],
)
def test_damage_is_found_and_touches_nothing(damage, destination, how, mini_batch):
    """The error names the mini-batch that has to run again; the output stays."""
    error = damage(how)

    assert mini_batch == error.mini_batch
    assert f"mini-batch {mini_batch} " in error.message
    assert destination.read_bytes() == b"as it was before\n"
    assert list(destination.parent.iterdir()) == [destination]


def test_a_commit_may_be_repeated(parts, destination):
    """The second one replaces the first, and leaves nothing beside it."""
    rows = parts.write("a.part", 0, b"row\n")
    first = commit([rows], parts.folder, destination)
    second = commit([rows], parts.folder, destination)

    assert first == second
    assert list(destination.parent.iterdir()) == [destination]


def test_another_step_commits_into_the_same_folder_meanwhile(parts, destination):
    """Neither gets a byte of the other's, whoever is first."""
    other = destination.with_name("other.txt")
    theirs = parts.write("b.part", 0, b"theirs\n")

    def meanwhile():
        commit([theirs], parts.folder, other, step="other")

    rows = parts.write("a.part", 0, b"ours\n")
    commit([rows], parts.folder, destination, confirm=meanwhile)

    assert destination.read_bytes() == b"ours\n"
    assert other.read_bytes() == b"theirs\n"
    assert sorted(destination.parent.iterdir()) == sorted([destination, other])


def test_what_an_earlier_life_has_left_is_removed(parts, destination):
    """Of the same step, and of no other one."""
    earlier = OutputWriter("score", 1, bool).aside(destination)
    other = OutputWriter("scores", 1, bool).aside(destination)
    earlier.write_bytes(b"half a r")
    other.write_bytes(b"half a r")
    commit([parts.write("a.part", 0, b"row\n")], parts.folder, destination)

    assert sorted(destination.parent.iterdir()) == sorted([destination, other])


def test_a_writer_that_has_lost_its_run(parts, destination):
    """It leaves the destination as it was, and nothing beside it."""
    destination.write_bytes(b"of the other one\n")

    def lost():
        msg = "taken over"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="taken over"):
        commit([], parts.folder, destination, confirm=lost)

    assert destination.read_bytes() == b"of the other one\n"
    assert list(destination.parent.iterdir()) == [destination]


def test_an_earlier_life_that_was_frozen_before_its_rename(parts, destination):
    """It cannot bring its own to the place any more, and says so."""
    rows = parts.write("a.part", 0, b"row\n")

    def frozen():
        later = OutputWriter("score", 3, bool)
        module.commit([Stretch.of(rows)], parts.folder, destination, later)

    with pytest.raises(FileNotFoundError):
        commit([], parts.folder, destination, confirm=frozen)

    assert destination.read_bytes() == b"row\n"
    assert list(destination.parent.iterdir()) == [destination]


def test_a_folder_that_is_not_there(parts, tmp_path):
    """The error is the system's own."""
    with pytest.raises(FileNotFoundError):
        commit([], parts.folder, tmp_path / "missing" / "rows.txt")


def test_a_destination_that_is_a_folder(parts, destination):
    """It stays, and nothing is left beside it."""
    destination.mkdir()

    with pytest.raises(IsADirectoryError):
        commit([], parts.folder, destination)

    assert list(destination.parent.iterdir()) == [destination]


def test_many_parts_and_large_rows(parts, destination):
    """More parts than are kept open, and rows larger than a block."""
    slices = [
        parts.write(f"{n % 70}.part", n, b"%d" % (n % 10) * (70_000 * (n % 3)) + b"\n")
        for n in range(210)
    ]
    commit(slices, parts.folder, destination)
    expected = b"".join(
        b"%d" % (n % 10) * (70_000 * (n % 3)) + b"\n" for n in range(210)
    )

    assert destination.read_bytes() == expected


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=50)), max_size=30),
    order=st.randoms(use_true_random=False),
)
def test_any_spread_over_parts_gives_the_same_bytes(tmp_path_factory, rows, order):
    """The output does not know who wrote what when."""
    folder = tmp_path_factory.mktemp("commit")
    parts = Parts(folder / "parts")
    written = list(enumerate(rows))
    order.shuffle(written)
    slices = [parts.write(f"{part}.part", n, text) for n, (part, text) in written]
    committed = commit(
        sorted(slices, key=lambda one: one.mini_batch),
        parts.folder,
        folder / "rows.txt",
    )
    expected = b"".join(text for _, text in rows)

    assert (folder / "rows.txt").read_bytes() == expected
    assert committed.sha256 == hashlib.sha256(expected).hexdigest()
