"""The list of mini-batches is written once and read back from anywhere."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines.data.frozen_list import NOT_YET
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.minibatch import (
    MiniBatchFile,
    frozen_sizes,
    items_of,
    split_files,
    split_files_by_bytes,
    split_files_by_sizes,
    split_tables,
    write_mini_batches,
)
from azml_pipelines.data.table import Table, TableReader

SLOW = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PATHS = st.lists(
    st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), min_size=1)
)


def payload(line):
    """Return what a line names."""
    return json.loads(line)[2]


@given(paths=PATHS, size=st.integers(1, 7))
def test_files_are_cut_in_order(paths, size):
    """Groups of the given size; only the last one may be shorter."""
    cut = list(split_files(3, paths, size))
    groups = [payload(line) for _, line in cut]

    assert paths == [path for group in groups for path in group]
    assert [size] * (len(paths) // size) == [count for count, _ in cut if count == size]
    assert -(-len(paths) // size) == len(cut)
    assert [len(group) for group in groups] == [count for count, _ in cut]
    assert [count for count, _ in cut] == [items_of(line) for _, line in cut]


@pytest.mark.parametrize(
    ("files", "size", "sizes"),
    [
        pytest.param(0, 5, [], id="nothing"),
        pytest.param(1, 5, [1], id="fewer than one mini-batch"),
        pytest.param(5, 5, [5], id="just one"),
        pytest.param(6, 5, [5, 1], id="one more"),
        pytest.param(3, 1, [1, 1, 1], id="one by one"),
    ],
)
def test_sizes(files, size, sizes):
    """The last mini-batch is shorter, never empty."""
    cut = split_files(0, (str(n) for n in range(files)), size)

    assert sizes == [count for count, _ in cut]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("two\nlines\r\n", id="newlines"),
        pytest.param("käse 🧀.txt", id="beyond ASCII"),
        pytest.param("\udcff\udc80.bin", id="no UTF-8"),
        pytest.param('"quotes", and \\', id="quotes"),
        pytest.param("\x00\u2028\x85", id="control characters"),
    ],
)
def test_any_name_survives_the_list(tmp_path, name):
    """One line per mini-batch, whatever the names of the files are."""
    path = tmp_path / "list.jsonl"
    write_mini_batches(split_files(0, [name, "second"], 1), path)
    lines = MiniBatchFile(path)
    first, second = lines.read(0, 1), lines.read(1, 1)
    lines.close()

    assert payload(first) == [name]
    assert payload(second) == ["second"]
    assert path.read_bytes().count(b"\n") == 2


def test_tables_are_cut_by_bytes_and_never_across_files(tmp_path):
    """Each piece names its file and its first and last byte; the header is in none."""
    (tmp_path / "a.csv").write_text("x\n1\n22\n333\n")
    (tmp_path / "b.csv").write_text("x\n4\n")
    reader = TableReader(Table(), str(tmp_path))
    size = MiniBatchSize(4, "bytes")
    cut = list(split_tables(1, reader, ["a.csv", "b.csv"], size))

    assert [["a.csv", 2, 7], ["a.csv", 7, 11], ["b.csv", 2, 4]] == [
        payload(line)[:3] for _, line in cut
    ]
    assert {0} == {count for count, _ in cut} | {items_of(line) for _, line in cut}
    assert {1} == {json.loads(line)[0] for _, line in cut}


def test_only_the_first_file_has_the_header(tmp_path):
    """When the dataset says so."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    table = Table(options={"header": "ONLY_FIRST_FILE_HAS_HEADERS"})
    reader = TableReader(table, str(tmp_path))
    size = MiniBatchSize(100, "bytes")
    cut = split_tables(0, reader, ["a.csv", "b.csv"], size)

    assert [["a.csv", 2, 4], ["b.csv", 0, 4]] == [payload(line)[:3] for _, line in cut]


def test_totals(tmp_path):
    """Mini-batches, items, and the digest of the whole list."""
    path = tmp_path / "list.jsonl"
    totals = write_mini_batches(split_files(0, ["a", "b", "c"], 2), path)

    assert (totals.mini_batches, totals.items) == (2, 3)
    assert totals.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_nobody_has_counted_the_rows_of_tables(tmp_path):
    """One table among the inputs, and the number of items is not known."""
    lines = [*split_files(0, ["a", "b"], 1), (0, '[1,0,["t.csv",0,9]]\n')]
    totals = write_mini_batches(lines, tmp_path / "list.jsonl")

    assert (totals.mini_batches, totals.items) == (3, None)


def test_an_empty_list(tmp_path):
    """No mini-batches and no items, which is a number."""
    totals = write_mini_batches([], tmp_path / "list.jsonl")

    assert (totals.mini_batches, totals.items) == (0, 0)
    assert (tmp_path / "list.jsonl").read_bytes() == b""


@pytest.fixture(scope="module")
def long_list(tmp_path_factory):
    """Seven hundred and some lines of different lengths, as text and as a file."""
    path = tmp_path_factory.mktemp("list") / "list.jsonl"
    cut = list(split_files(0, ("x" * (n % 40) for n in range(771)), 1))
    write_mini_batches(cut, path)
    return [line.encode() for _, line in cut], path


@SLOW
@given(reads=st.lists(st.tuples(st.integers(0, 780), st.integers(0, 300)), max_size=12))
def test_blocks_can_be_read_in_any_order(long_list, reads):
    """Backwards, forwards, again and beyond the end: as from a list in memory."""
    lines, path = long_list
    file = MiniBatchFile(path)
    try:
        for first, count in reads:
            expected = lines[first : first + count]
            if len(expected) < count:
                with pytest.raises(IndexError, match=str(first + count - 1)):
                    file.read(first, count)
            else:
                assert b"".join(expected) == file.read(first, count)
    finally:
        file.close()


@SLOW
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=10))
def test_blocks_one_after_the_other(long_list, sizes):
    """The way dispatch reads them."""
    lines, path = long_list
    file = MiniBatchFile(path)
    first = 0
    try:
        for size in sizes:
            count = min(size, len(lines) - first)
            expected = b"".join(lines[first : first + count])

            assert expected == file.read(first, count)

            first += count
    finally:
        file.close()


class Fixed:
    """Sizes from a list; 0 has the listing wait once."""

    def __init__(self, *sizes):
        self.sizes = list(sizes)
        self.waits = 0

    def next(self):
        """Return the next one."""
        return self.sizes.pop(0) if self.sizes else 1

    def wait(self):
        """Count the waits."""
        self.waits += 1


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(0, 40), max_size=30),
    most=st.integers(1, 60),
)
def test_files_by_bytes(tmp_path_factory, sizes, most):
    """As many together as fit, in order; a large file alone; none left out."""
    root = tmp_path_factory.mktemp("sizes")
    for number, size in enumerate(sizes):
        (root / f"{number:02}").write_bytes(bytes(size))
    paths = [f"{number:02}" for number in range(len(sizes))]
    cut = [
        json.loads(line)[2]
        for _, line in split_files_by_bytes(0, str(root), paths, most)
    ]
    weights = [sum(sizes[int(path)] for path in group) for group in cut]

    assert paths == [path for group in cut for path in group]
    assert all(
        weight <= most or len(group) == 1
        for group, weight in zip(cut, weights, strict=True)
    )
    assert all(
        weight + sizes[int(following[0])] > most
        for weight, following in zip(weights, cut[1:], strict=False)
    )


def test_a_file_that_is_gone_weighs_nothing(tmp_path):
    """Its mini-batch fails by itself, later."""
    (tmp_path / "a").write_bytes(b"12345")
    cut = list(split_files_by_bytes(0, str(tmp_path), ["a", "gone"], 5))

    assert [2] == [items for items, _ in cut]


def test_ever_so_small_files_make_no_endless_line(tmp_path):
    """Ten thousand of them are enough."""
    cut = split_files_by_bytes(0, str(tmp_path), (str(n) for n in range(25_000)), 1)

    assert [10_000, 10_000, 5_000] == [items for items, _ in cut]


def test_files_by_sizes():
    """Each as large as it is told; a wait is said beforehand."""
    sizes = Fixed(2, 0, 3)
    cut = list(split_files_by_sizes(0, "abcdef", sizes))

    assert [2, 0, 3, 1] == [items for items, _ in cut]
    assert NOT_YET == cut[1]
    assert sizes.waits == 1


def test_frozen_sizes(tmp_path):
    """As many as were asked for; none of a list that is not there."""
    path = tmp_path / "list.jsonl"
    write_mini_batches(split_files(0, "abcdefg", 3), path)

    assert [3, 3] == list(frozen_sizes(path, 2))
    assert list(frozen_sizes(tmp_path / "none", 0)) == []
