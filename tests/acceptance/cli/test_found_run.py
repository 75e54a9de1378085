"""Which run a command means."""

from __future__ import annotations

import pytest

from azml_pipelines.cli.found_run import closest, find_run
from azml_pipelines.errors import RunNotFoundError, UserErrorException


def test_a_run_is_found_by_any_clear_beginning(here, finished_id, failed_id):
    """The whole id, a part that only it starts with, or the newest of all."""
    length = next(i for i in range(1, 37) if finished_id[:i] != failed_id[:i])

    assert find_run(finished_id).id == finished_id
    assert find_run(finished_id[:length]).id == finished_id
    assert find_run("latest").id == failed_id
    assert find_run("latest").experiment.name == "failing"


def test_an_unknown_run_names_the_closest(here, finished_id, failed_id):
    """A typing error is easy to see."""
    typed = finished_id[:-1] + ("0" if finished_id[-1] != "0" else "1")
    with pytest.raises(RunNotFoundError) as error:
        find_run(typed)

    assert f"No run is called '{typed}'; closest: {finished_id}, " in str(error.value)


@pytest.mark.usefixtures("here", "finished_id")
def test_nothing_is_no_beginning():
    """An empty variable of a shell script does not mean all runs."""
    with pytest.raises(RunNotFoundError):
        find_run("")


def test_a_beginning_of_several_runs_is_not_guessed(here, finished_id, monkeypatch):
    """Both are named."""
    from azml_pipelines.cli.found_run import _choose
    from azml_pipelines.store.catalog import RunRecord

    records = [RunRecord(name, "e", 0.0) for name in ("ab1", "ab2", "ab")]

    assert _choose(records, "ab").run_id == "ab"
    with pytest.raises(UserErrorException, match=r"3 runs .* 'a': ab1, ab2, ab\."):
        _choose(records, "a")


def test_the_closest_come_first():
    """At most three, compared with what they begin with."""
    names = ["train", "predict-digits", "predict-words", "report"]

    assert closest("predikt", names)[:2] == ["predict-digits", "predict-words"]
    assert len(closest("x", names)) == 3
