"""Jobs that are pipelines themselves: nothing that they say is passed over."""

from __future__ import annotations

import pytest

from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import BadDocumentError

INNER = """
type: pipeline
inputs: {word: {type: string}}
outputs: {said: {type: uri_folder}}
jobs:
  say:
    type: command
    command: echo ${{inputs.word}} > ${{outputs.said}}/word.txt
    inputs: {word: "${{parent.inputs.word}}"}
    outputs: {said: "${{parent.outputs.said}}"}
"""
OUTER = """
type: pipeline
jobs:
  one:
    type: pipeline
    component: ./inner.yml
    inputs: {word: one}
"""


@pytest.fixture(autouse=True)
def inner(write):
    """A component with one job."""
    write("inner.yml", INNER)


def problem_of(job_of, line):
    """Return what is said about a job with one line more."""
    with pytest.raises(BadDocumentError) as caught:
        job_of(f"{OUTER}    {line}\n")
    [problem] = caught.value.problems
    return problem


def test_its_keys_are_checked(job_of):
    """A misspelt key is refused as in other jobs, and the right one is named."""
    problem = problem_of(job_of, "imputs: {word: two}")

    assert problem == (
        "pipeline.yml:7: jobs.one.imputs: unknown key. Did you mean 'inputs'?"
    )


def test_an_output_that_it_does_not_write_is_refused(job_of):
    """It writes what the outputs of its component say."""
    problem = problem_of(job_of, "outputs: {sayd: {path: ./place}}")

    assert "jobs.one.outputs.sayd: the component writes no such output" in problem
    assert "Did you mean 'said'?" in problem


def test_its_outputs_go_where_it_says(job_of, tmp_path):
    """Its path is the place of what the job in it writes."""
    job = job_of(f"{OUTER}    outputs: {{said: {{path: ./place}}}}\n")

    [step] = job.pipeline.graph.in_order()
    [output] = step.outputs
    assert output.path_template == "place"
    assert output.datastore.settings.url == folder_url(str(tmp_path))


@pytest.mark.parametrize("line", ["compute: local", "environment_variables: {A: b}"])
def test_what_counts_for_no_job_is_a_warning(job_of, line):
    """Its jobs do not inherit it, and it says so."""
    with pytest.warns(UserWarning, match=rf"jobs.one.{line.split(':')[0]}: has no eff"):
        job_of(f"{OUTER}    {line}\n")


def test_its_outputs_are_none_of_the_run_by_themselves(job_of):
    """Two of one component do not both stand behind the name of its output."""
    one, two = OUTER, OUTER.partition("jobs:\n")[2].replace("  one:", "  two:")
    promoted = "    outputs: {said: '${{parent.outputs.told}}'}\n"
    text = f"{one}{promoted}{two}".replace("jobs:", "outputs: {told: }\njobs:", 1)
    with pytest.warns(UserWarning, match="both called 'say'"):
        job = job_of(text)

    names = [
        step.outputs[0].pipeline_output_name for step in job.pipeline.graph.in_order()
    ]
    assert names == ["told", None]
