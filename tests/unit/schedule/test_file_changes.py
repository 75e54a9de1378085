"""Which files a look takes: new and changed ones that have stopped growing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.schedule.file_changes import compare
from azml_pipelines.store.catalog_schedules import SeenFile

NAMES = st.sampled_from("abc")
MARKS = st.dictionaries(NAMES, st.sampled_from("123"))


def play(looks, before=None):
    """Look again and again; return what each look took."""
    seen = {path: SeenFile(taken=mark) for path, mark in (before or {}).items()}
    taken = []
    for found in looks:
        look = compare(seen, found)
        taken.append(list(look.changed))
        seen = {**seen, **look.seen}
        seen = {path: file for path, file in seen.items() if file is not None}
    return taken


def test_what_is_there_at_first_is_not_new():
    """However often it is seen."""
    assert [[], []] == play([{"a": "1"}] * 2, {"a": "1"})


def test_a_new_file_is_taken_when_it_has_stopped_growing():
    """Two looks in a row see the same of it."""
    assert [[], [], ["a"], []] == play([{"a": "1"}, {"a": "2"}, {"a": "2"}, {"a": "2"}])


def test_a_changed_file_is_taken_again():
    """Once for each content that stays."""
    looks = [{"a": "2"}, {"a": "2"}, {"a": "2"}, {"a": "1"}, {"a": "1"}]

    assert [[], ["a"], [], [], ["a"]] == play(looks, {"a": "1"})


def test_a_file_that_changes_and_changes_back_is_not_taken():
    """Some run has had this content, or it was there before."""
    assert [[], [], []] == play([{"a": "2"}, {"a": "1"}, {"a": "1"}], {"a": "1"})


def test_a_deleted_file_fires_nothing_and_is_new_when_it_comes_back():
    """Also with the content that it had."""
    assert [[], [], ["a"]] == play([{}, {"a": "1"}, {"a": "1"}], {"a": "1"})


def test_one_growing_file_does_not_hold_up_others():
    """Each file waits for itself."""
    looks = [{"a": "1", "b": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}]

    assert [[], ["a"], ["b"]] == play(looks)


@given(MARKS, st.lists(MARKS, max_size=12))
def test_each_content_that_stays_is_taken_once(before, looks):
    """A model that remembers what each path had last says the same."""
    has = dict(before)
    expected = []
    previous = None
    for found in looks:
        has = {path: mark for path, mark in has.items() if path in found}
        stays = previous or {}
        now = [
            path
            for path in sorted(found)
            if found[path] != has.get(path) and stays.get(path) == found[path]
        ]
        has |= {path: found[path] for path in now}
        expected.append(now)
        previous = found

    assert expected == play(looks, before)
