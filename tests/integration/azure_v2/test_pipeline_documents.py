"""Pipeline jobs of version 2, as others write them, run from their files."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_one_model_for_each_part_of_a_table(run_document):
    """A command writes the MLTable that the next node is cut by; one part may fail."""
    run, outputs = run_document("many_models")
    models = outputs["models"]
    found = {
        str(file.parent.relative_to(models)): json.loads(file.read_text())
        for file in models.rglob("model.json")
    }

    assert found == {
        "1/apple": {"mean": 11.5, "rows": 4},
        "1/pear": {"mean": 12.5, "rows": 4},
        "2/apple": {"mean": 21.5, "rows": 4},
        "2/pear": {"mean": 22.5, "rows": 4},
    }
    assert {note.read_text() for note in outputs["notes"].rglob("*.txt")} == {"hello"}
    assert len(list((outputs["notes"] / "text").iterdir())) == 4
    assert run.get_pipeline_output("report").path_on_datastore.endswith("/models")


def test_too_many_failed_parts_fail_the_run(run_document):
    """``mini_batch_error_threshold`` counts mini-batches; one more than it is fatal."""
    with pytest.raises(AssertionError, match=r"(?i)mini-batch"):
        run_document(
            "many_models", ("jobs.train_models.mini_batch_error_threshold", "0")
        )


def test_values_are_set_in_place_of_the_documents(run_document):
    """With fewer rows allowed, no part fails."""
    run, outputs = run_document("many_models", ("inputs.least_rows", "1"))

    assert (outputs["models"] / "3" / "apple" / "model.json").exists()
    assert run.state().steps[1].failed_mini_batches == 0


def test_rows_of_a_table_go_to_one_file_at_its_place(run_document):
    """Space-separated, no header, in order; the next node reads that very file."""
    run, outputs = run_document("table_rows")
    lines = outputs["classes"].read_text().splitlines()

    assert outputs["classes"].name == "classes.txt"
    assert "/classified/" in str(outputs["classes"])
    assert len(lines) == 200
    assert lines[:3] == [
        'f0 1.0 "small one"',
        'f1 1.7 "small one"',
        'f2 2.4 "small one"',
    ]
    assert outputs["number"].read_text().split() == ["200", "counted"]
    assert run.state().steps[0].total_mini_batches > 1


def test_a_table_without_mode_direct_is_refused(run_document):
    """The mode that gives rows is named."""
    with pytest.raises(
        ValueError, match=r"pipeline.yml:8: inputs.flowers.*mode: direct"
    ):
        run_document("table_rows", ("inputs.flowers.mode", "ro_mount"))


def test_files_come_through_an_mltable_that_a_node_writes(run_document):
    """``eval_mount`` gives the files that it names, and not the MLTable itself."""
    _, outputs = run_document("file_list")

    expected = "".join(f"{n}.txt: text {n}\n" for n in range(5))
    assert outputs["lines"].read_text() == expected
    assert (outputs["sorted"] / "sorted.txt").read_text() == expected


@pytest.mark.parametrize(
    ("assignments", "scores"),
    [
        pytest.param((), "12 15 18", id="the optional input is left out"),
        pytest.param(
            (
                ("inputs.model.path", "./model.txt"),
                ("inputs.model.type", "custom_model"),
            ),
            "312 315 318",
            id="it has a value",
        ),
        pytest.param((("inputs.factor", "null"),), "8 10 12", id="a default is used"),
    ],
)
def test_a_pipeline_component_with_an_optional_input(run_document, assignments, scores):
    """What stands in ``$[[ ]]`` comes and goes with the value."""
    run, outputs = run_document("optional_model", *assignments)

    assert (outputs["scores"] / "scores.txt").read_text().split() == scores.split()
    assert run.get_pipeline_output("scores").name == "scores"


def test_a_replay_writes_nothing_beside_the_rows(run_document):
    """Folders that a script writes to are others then; the run's stay as they are."""
    run, outputs = run_document("many_models")
    notes = outputs["notes"] / "text"
    (notes / "0.txt").write_text("mine")
    models = sorted(outputs["models"].rglob("*"))
    run.replay(0, step_name="train_models")

    assert (notes / "0.txt").read_text() == "mine"
    assert sorted(outputs["models"].rglob("*")) == models
