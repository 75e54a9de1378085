"""A million failures usually have three reasons."""

from __future__ import annotations

from azml_pipelines.store.failure_groups import read_step_failures


def test_the_most_frequent_reasons_come_first(stored):
    """One group per exception and line; the message is that of one of them."""
    stored.fail(0, 2, message="1", user_line="score.py:1")
    stored.fail(1, 2, message="2", user_line="score.py:1")
    stored.fail(2, 2, message="3", user_line="score.py:9", exception_type="OSError")
    stored.done(3, ["one"], 2)

    failures = read_step_failures(stored.folder, stored.step, 0)

    assert [("ValueError", 4, 2), ("OSError", 2, 1), ("", 1, 1)] == [
        (group.exception_type, group.items, group.mini_batches)
        for group in failures.groups
    ]
    assert ("score", 7, None, 0) == (
        failures.step,
        failures.items,
        failures.file,
        failures.other_groups,
    )


def test_three_are_enough(make_stored):
    """How many more there are is said."""
    stored = make_stored([(1, [f"{n}.txt"]) for n in range(5)])
    for number in range(5):
        stored.fail(number, 1, user_line=f"score.py:{number}")

    failures = read_step_failures(stored.folder, stored.step, 0)

    assert (3, 2) == (len(failures.groups), failures.other_groups)


def test_the_file_is_named_once_it_is_there(stored):
    """It is written when the step ends."""
    stored.fail(0, 2)
    stored.place.failed_items_csv.write_text("item\n")

    failures = read_step_failures(stored.folder, stored.step, 0)

    assert str(stored.place.failed_items_csv) == failures.file


def test_nothing_failed(stored):
    """There is nothing to say."""
    stored.done(0, ["x", "y"], 2)

    assert read_step_failures(stored.folder, stored.step, 0) is None
