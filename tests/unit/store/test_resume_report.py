"""Who resumes a run learns what is kept and what is done again."""

from __future__ import annotations

from azml_pipelines.store.resume_report import read_resume_report


def test_what_is_kept_and_what_is_left(stored):
    """Finished mini-batches with their rows; given up ones are tried again."""
    stored.done(0, ["x", "y"], 2)
    stored.fail(1, 2)

    (step,) = read_resume_report(stored.folder)

    assert (1, 2, 1, 3) == (step.kept, step.rows, step.again, step.left)
    assert (
        "score: keeps 1 finished mini-batch (2 rows), 3 to do, "
        "1 of them given up before"
    ) == step.text


def test_a_finished_step_is_kept_as_it_is(stored):
    """Its failed items too: nothing of it runs again."""
    stored.done(0, ["x", "y"], 2)
    stored.fail(1, 2)
    stored.journal.end_step(0, "Finished")

    (step,) = read_resume_report(stored.folder)

    assert "score: finished, keeps 1 finished mini-batch (2 rows)" == step.text


def test_a_step_that_has_not_begun(make_run):
    """Nobody knows yet how many mini-batches it has."""
    (step,) = read_resume_report(make_run("score"))

    assert "score: starts from the beginning" == step.text
