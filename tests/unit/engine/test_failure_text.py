"""The last line of a failed run names mini-batch, item, exception and line."""

from __future__ import annotations

import pytest

from azml_pipelines.data.minibatch import split_files, write_mini_batches
from azml_pipelines.engine.failure_text import first_failure_text
from azml_pipelines.store.journal import Progress, SettledBundle
from azml_pipelines.worker.messages import FailedTry, UserError


@pytest.fixture
def fail(planned):
    """Fail tries of a step over some files; return the text."""

    def fail(
        *failed, paths=("a.png", "b.png", "c.png"), size=2, lines=None, final=True
    ):
        run = planned()
        folder = run.folder.step(run.step.step_run_id)
        write_mini_batches(lines or split_files(0, paths, size), folder.mini_batches)
        indexes = {one.mini_batch for one in failed} if final else set()
        bundle = SettledBundle("a.part", b"", failed, frozenset(indexes), "n", "p")
        run.journal.settle(0, bundle, Progress())
        return first_failure_text(run.folder, run.step)

    return fail


def failed(mini_batch, message="no such key", line="score.py:3 in run: x['y']"):
    """Return the third and last try of a mini-batch."""
    error = UserError("KeyError", message, line, "Traceback …")
    return FailedTry(mini_batch, 3, "exception", 2, error)


def test_the_whole_line(fail):
    """Everything that is needed to find the reason."""
    assert fail(failed(0)) == (
        " First failure: mini-batch 0 (items a.png to b.png), try 3, exception: "
        "KeyError: no such key at score.py:3 in run: x['y']"
    )


def test_a_single_item_is_named(fail):
    """Without counting to one."""
    assert "mini-batch 1 (item c.png)" in fail(failed(1))


def test_a_piece_of_a_table(fail):
    """By its file and its bytes."""
    lines = [(0, '[0,0,["t.csv",10,99]]\n')]

    assert "(item t.csv bytes 10-99)" in fail(failed(0), lines=lines)


def test_the_first_of_several(fail):
    """By the order of the input."""
    assert "mini-batch 0 " in fail(failed(1), failed(0))


def test_nothing_was_given_up(fail):
    """A step that fails for another reason has no failure to name."""
    assert fail() == ""


def test_a_try_that_was_repeated_is_no_reason(fail):
    """Only what was given up is."""
    assert fail(failed(0), final=False) == ""


def test_messages_are_one_line_and_short(fail):
    """Whatever the exception says."""
    text = fail(failed(0, message="first\nsecond\t" + "x" * 10_000))

    assert "KeyError: first second xxx" in text
    assert "\n" not in text
    assert len(text) < 500


def test_without_a_line_of_the_user(fail):
    """A killed process has none."""
    assert fail(failed(0, line="")).endswith("KeyError: no such key")


def test_a_list_that_is_shorter(fail):
    """The number of items is all that is known."""
    assert "mini-batch 9 (2 items)" in fail(failed(9))


def test_names_that_are_not_utf_8(fail):
    """The text can be kept, whatever the item is called."""
    text = fail(failed(0), paths=["\udcff.png"])

    assert "item \udcff.png" in text
