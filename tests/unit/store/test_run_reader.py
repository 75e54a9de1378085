"""What people see of a run is read from its journal, whoever wrote it."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.journal import Progress, SettledBundle
from azml_pipelines.store.run_reader import (
    read_failures,
    read_output,
    read_run_state,
    read_step_state,
    request_cancel,
    run_has_ended,
)
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.worker.messages import FailedTry, UserError


@pytest.fixture
def run(make_run):
    """A run with two steps."""
    return make_run("first", "second")


def start(run, open_journal, owner):
    """Let an owner drive a run, in its first step."""
    journal = open_journal(run)
    journal.claim(owner)
    journal.start_run()
    journal.start_step(0)
    return journal


def test_a_living_orchestrator_is_believed(run, open_journal, owner):
    """The run is as its journal says."""
    start(run, open_journal, owner)
    state = read_run_state(run)

    assert (state.status, state.steps[0].status) == ("Running", "Running")
    assert not state.ended_for_good


def test_a_dead_orchestrator_has_failed(run, open_journal, dead):
    """Readers say so, name the process, and tell how to go on."""
    start(run, open_journal, dead)
    state = read_run_state(run)

    assert state.status == "Failed"
    assert f"process {dead.pid}" in state.error
    assert "azml resume run-1" in state.error
    assert [step.status for step in state.steps] == ["Failed", "NotStarted"]
    assert open_journal(run).status() == "Running"


def test_a_run_that_nobody_has_started_waits(run):
    """There is no process that could have died."""
    assert read_run_state(run).status == "NotStarted"


def test_an_ended_run_stays_as_it_ended(run, open_journal, dead):
    """Its orchestrator is gone, as it should be."""
    journal = start(run, open_journal, dead)
    journal.end_step(0, "Finished")
    journal.end_run("Finished")
    state = read_run_state(run)

    assert (state.status, state.error) == ("Finished", None)
    assert state.ended_for_good


def test_no_step_of_an_ended_run_is_running(run, open_journal, owner):
    """An orchestrator that failed itself may leave one behind."""
    start(run, open_journal, owner).end_run("Failed", "internal error")

    assert read_run_state(run).steps[0].status == "Failed"


def test_whether_a_run_has_ended_needs_no_step(run, open_journal, owner):
    """The answer is that of the whole state: of living, dead and ended runs."""
    journal = start(run, open_journal, owner)
    answers = [(run_has_ended(run), read_run_state(run).ended_for_good)]
    journal.end_run("Finished")
    answers.append((run_has_ended(run), read_run_state(run).ended_for_good))

    assert answers == [(False, False), (True, True)]


def test_a_run_that_nobody_drives_any_more_has_ended(run, open_journal, dead):
    """Nothing more happens to it."""
    start(run, open_journal, dead)

    assert run_has_ended(run)


def test_one_step_is_read_alone(run, open_journal, owner):
    """As all of them together say; one that the plan has not is damage."""
    start(run, open_journal, owner)
    steps = read_run_state(run).steps

    assert [read_step_state(run, number) for number in (0, 1)] == list(steps)
    with pytest.raises(WorkspaceException, match="step is missing"):
        read_step_state(run, 2)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * 5000, id="something else"),
    ],
)
def test_what_is_no_journal_is_named(tmp_path, content):
    """With its path."""
    folder = RunFolder(tmp_path)
    if content is not None:
        folder.journal.write_bytes(content)

    with pytest.raises(WorkspaceException, match=r"run\.db"):
        read_run_state(folder)


def test_a_journal_that_was_never_finished(run):
    """A submission that broke off has tables and no run."""
    from azml_pipelines.store.journal_file import connect

    connection = connect(run.journal)
    connection.execute("DELETE FROM run")
    connection.close()

    with pytest.raises(WorkspaceException, match="never finished"):
        read_run_state(run)


def failed(mini_batch, attempt):
    """Return a failed try."""
    error = UserError(
        "ValueError", f"{mini_batch} {attempt}", "score.py:3", "Traceback"
    )
    return FailedTry(mini_batch, attempt, "exception", 4, error, charged=attempt > 1)


@pytest.fixture
def failing(run, open_journal, owner):
    """A run whose mini-batches 2 and 7 have been given up, and others not."""
    journal = start(run, open_journal, owner)
    for attempt in (1, 2):
        for mini_batch in (9, 7, 2, 1):
            final = {7, 2} if attempt == 2 else set()
            journal.settle(
                0,
                SettledBundle(
                    "a.part",
                    b"",
                    [failed(mini_batch, attempt)],
                    frozenset(final),
                    "node001",
                    "process003",
                ),
                Progress(),
            )
    return run


def test_failures_that_were_given_up_come_first(failing):
    """Then the others; both by mini-batch and try."""
    found = [
        (one.mini_batch, one.attempt, bool(one.final))
        for one in read_failures(failing, "run-1-first")
    ]

    assert found == [
        (2, 2, True),
        (7, 2, True),
        (1, 1, False),
        (1, 2, False),
        (2, 1, False),
        (7, 1, False),
        (9, 1, False),
        (9, 2, False),
    ]


def test_a_failure_is_told_in_full(failing):
    """With the place where it happened and the user's own line."""
    failure = next(read_failures(failing, "run-1-first"))

    assert (failure.reason, failure.items, failure.charged) == ("exception", 4, True)
    assert (failure.exception_type, failure.message) == ("ValueError", "2 2")
    assert (failure.user_line, failure.traceback) == ("score.py:3", "Traceback")
    assert (failure.node, failure.process) == ("node001", "process003")


def test_only_so_many_failures(failing):
    """Whoever asks says how many; another step has its own."""
    assert len(list(read_failures(failing, "run-1-first", most=3))) == 3
    assert list(read_failures(failing, "run-1-second")) == []


def test_the_output_of_a_step(run, open_journal, owner):
    """Its path once it is committed, and nothing before."""
    journal = start(run, open_journal, owner)
    before = read_output(run, "run-1-first")
    journal.note_output(0, "/output/rows.txt", "abc")

    assert before is None
    assert read_output(run, "run-1-first") == "/output/rows.txt"
    assert read_output(run, "run-1-second") is None
    assert read_output(run, "unknown") is None


def test_asking_for_the_end(run):
    """The request stands in the run folder; asking twice is no error."""
    request_cancel(run)
    request_cancel(run)

    assert run.cancel_request.exists()
