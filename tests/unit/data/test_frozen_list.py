"""A list grows chunk by chunk; what was said to be frozen never changes again."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.data.frozen_list import (
    NOT_YET,
    ChangedListError,
    MiniBatchTotals,
    append_mini_batches,
    freeze_mini_batches,
)
from azml_pipelines.data.minibatch import split_files


def totals_of(lines):
    """Return what a list of these lines holds."""
    text = "".join(line for _, line in lines).encode()
    items = sum(items for items, _ in lines)
    return MiniBatchTotals(len(lines), items, hashlib.sha256(text).hexdigest())


def cut(count, prefix=""):
    """Return the lines of some files."""
    return list(split_files(0, [f"{prefix}{n}" for n in range(count)], 1))


def test_the_first_chunk_is_small(tmp_path):
    """So that work begins at once; then come larger ones, and the rest at the end."""
    lines = cut(25_000)
    chunks = list(
        freeze_mini_batches(
            lines, tmp_path / "list", clock=itertools.repeat(0).__next__
        )
    )

    assert [100, 10_100, 20_100, 25_000] == [chunk.mini_batches for chunk in chunks]
    assert totals_of(lines) == chunks[-1]


def test_time_ends_a_chunk_too(tmp_path):
    """Whoever lists slowly does not keep others waiting."""
    clock = itertools.count(0, 0.09)
    chunks = freeze_mini_batches(cut(8), tmp_path / "list", clock=clock.__next__)

    assert [1, 4, 7, 8] == [chunk.mini_batches for chunk in chunks]


def test_a_pause_ends_a_chunk(tmp_path):
    """What is listed is frozen before the listing waits for something."""
    lines = [*cut(3), NOT_YET, NOT_YET, *cut(2)]
    chunks = freeze_mini_batches(
        lines, tmp_path / "list", clock=itertools.repeat(0).__next__
    )

    assert [3, 5] == [chunk.mini_batches for chunk in chunks]


@settings(max_examples=60)
@given(
    count=st.integers(0, 300), pauses=st.sets(st.integers(0, 300)), stop=st.integers(0)
)
def test_what_is_frozen_can_be_gone_on_with(tmp_path_factory, count, pauses, stop):
    """After a stop behind any chunk the list ends up with the same bytes."""
    path = tmp_path_factory.mktemp("list") / "list"
    lines = cut(count)
    paused = []
    for number, line in enumerate(lines):
        paused += [line, NOT_YET] if number in pauses else [line]
    chunks = list(freeze_mini_batches(paused, path))
    kept = chunks[stop % len(chunks)]
    # A killed process leaves lines behind that nobody knows of, the last one torn.
    text = path.read_text()
    path.write_text(text[: len(text) - len(text) // 3])
    again = list(freeze_mini_batches(lines, path, kept))

    assert totals_of(lines) == again[-1]
    assert text == path.read_text()
    assert all(one.mini_batches >= kept.mini_batches for one in again)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(cut(5), id="shorter"),
        pytest.param(cut(20, "new-"), id="other names"),
        pytest.param([*cut(3), NOT_YET, *cut(20)], id="a wait where none can be"),
    ],
)
def test_another_list_is_refused(tmp_path, now):
    """The old one stays where it is."""
    path = tmp_path / "list"
    kept = list(freeze_mini_batches(cut(10), path))[-1]
    before = path.read_bytes()
    with pytest.raises(ChangedListError, match="first 10 mini-batches"):
        list(freeze_mini_batches(now, path, kept))

    assert before == path.read_bytes()


def test_what_is_frozen_stays_when_the_listing_breaks_off(tmp_path):
    """A folder that cannot be read takes nothing back."""

    def broken():
        yield from cut(3)
        yield NOT_YET
        raise PermissionError

    found = []
    with pytest.raises(PermissionError):
        found.extend(freeze_mini_batches(broken(), tmp_path / "list"))
    text = (tmp_path / "list").read_text()

    assert "".join(line for _, line in cut(3)) == text


@settings(max_examples=40)
@given(count=st.integers(1, 200), kept=st.integers(0), junk=st.binary(max_size=5000))
def test_a_list_is_gone_on_with_in_place(tmp_path_factory, count, kept, junk):
    """Whoever has it open sees the first lines as they were, and then the rest."""
    path = tmp_path_factory.mktemp("list") / "list"
    lines = cut(count)
    head = lines[: 1 + kept % count]
    *_, first = freeze_mini_batches(head, path)
    with path.open("rb") as reader, path.open("ab") as writer:
        writer.write(junk)
        writer.flush()
        *_, last = append_mini_batches(lines, path, first)
        text = reader.read()

    assert last == totals_of(lines)
    assert text == "".join(line for _, line in lines).encode()


def test_another_list_is_not_gone_on_with(tmp_path):
    """Nothing is written then, not even over lines that are alike."""
    path = tmp_path / "list"
    *_, kept = freeze_mini_batches(cut(10), path)
    before = path.read_bytes()

    with pytest.raises(ChangedListError):
        list(append_mini_batches(cut(20, "x"), path, kept))
    assert path.read_bytes() == before
