"""Drafts: pipelines that are kept, changed, tried, published and thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines import Dataset, PipelineDraft, PublishedPipeline
from azml_pipelines.errors import ParameterError, UserErrorException


def output(run):
    """Wait for a run and return the lines of its output."""
    assert run.wait_for_completion(show_output=False) == "Finished"
    (place,) = run.output_places()
    return Path(place.path).read_text().split()


@pytest.fixture
def draft(workspace, pipeline):
    """A draft of the pipeline over three files."""
    return PipelineDraft.create(
        workspace,
        pipeline,
        name="names",
        experiment_name="drafts",
        pipeline_parameters={"batch_size": "2"},
        tags={"kind": "trial"},
    )


def test_a_draft_runs_as_it_was_made(draft, workspace, tmp_path):
    """With its values and the scripts of then, also when it was found again."""
    (tmp_path / "source" / "score.py").write_text("edited since")
    run = PipelineDraft.get(workspace, draft.id).submit_run()

    assert output(run) == ["0.txt", "1.txt", "2.txt"]
    assert run.state().steps[0].total_mini_batches == 2
    assert (run.experiment.name, run.tags) == ("drafts", {"kind": "trial"})


def test_what_is_changed_counts_for_the_next_run(draft, workspace, tmp_path):
    """Values, datasets and texts; what is not given stays."""
    other = tmp_path / "other.txt"
    other.write_text("9")
    draft.update(
        description="one file",
        pipeline_parameters={"images": Dataset.File.from_files(str(other))},
    )
    draft.update(experiment_name="later", tags={"kind": "second"})
    found = PipelineDraft.get(workspace, draft.id)
    run = found.submit_run()

    assert output(run) == ["other.txt"]
    assert (found.name, found.description) == ("names", "one file")
    assert found.pipeline_parameters["batch_size"] == "2"
    assert (run.experiment.name, run.tags) == ("later", {"kind": "second"})


def test_a_wrong_value_changes_nothing(draft, workspace):
    """Neither the values nor what is given beside them."""
    with pytest.raises(ParameterError, match="Did you mean 'batch_size'"):
        draft.update(name="other", pipeline_parameters={"batch_sice": "3"})

    found = PipelineDraft.get(workspace, draft.id)
    assert (draft.name, found.name) == ("names", "names")
    assert found.pipeline_parameters["batch_size"] == "2"


def test_a_publication_has_the_values_as_defaults(draft, workspace):
    """The draft stays, and goes on by itself."""
    published = draft.publish()
    draft.update(pipeline_parameters={"batch_size": "1"})
    run = PublishedPipeline.get(workspace, published.id).submit(workspace, "published")

    assert output(run) == ["0.txt", "1.txt", "2.txt"]
    assert run.state().steps[0].total_mini_batches == 2
    assert draft.submit_run().plan.parameters["batch_size"] == "1"


def test_published_pipelines_and_runs_become_drafts(draft, workspace):
    """With their steps, scripts and values; the draft knows what it was."""
    run = draft.submit_run()
    output(run)
    of_run = PipelineDraft.create(workspace, run, experiment_name="again")
    published = draft.publish()
    of_published = PipelineDraft.create(workspace, published)

    assert of_run.parent_run_id == run.id
    assert of_run.pipeline_parameters["batch_size"] == "2"
    assert output(of_run.submit_run()) == ["0.txt", "1.txt", "2.txt"]
    assert of_published.parent_pipeline_id == published.id
    with pytest.raises(UserErrorException, match="names no experiment"):
        of_published.submit_run()
    with pytest.raises(UserErrorException, match="got a str"):
        PipelineDraft.create(workspace, "pipeline")


def test_drafts_are_listed_until_they_are_deleted(draft, workspace, pipeline):
    """The newest first, or those with some tags."""
    second = PipelineDraft.create(workspace, pipeline)
    everything = [one.id for one in PipelineDraft.list(workspace)]
    tagged = [one.id for one in PipelineDraft.list(workspace, tags={"kind": "trial"})]
    draft.delete()
    draft.delete()

    assert everything == [second.id, draft.id]
    assert tagged == [draft.id]
    assert [one.id for one in PipelineDraft.list(workspace)] == [second.id]
    assert [one.name for one in workspace.folder.drafts.iterdir()] == [second.id]
    for gone in (draft.id, "../../runs", None):
        with pytest.raises(UserErrorException, match="No draft has the id"):
            PipelineDraft.get(workspace, gone)
