"""What expressions of a pipeline job stand for."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import BadDocumentError, CycleError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

PIPELINE = """
type: pipeline
inputs:
  rate: 0.5
  names: {type: string, default: a b}
  flag: true
  texts: {type: uri_folder, path: ./texts}
jobs:
  first:
    command: echo ${{inputs.rate}} $[[${{inputs.more}}]] > ${{outputs.made}}/x.txt
    inputs:
      rate: ${{parent.inputs.rate}}
      more: {type: string, optional: true}
    outputs:
      made:
  second:
    command: >-
      cat ${{inputs.file}} ${{inputs.texts}}/0.txt --rate=${{inputs.rate}}
    inputs:
      file: ${{parent.jobs.first.outputs.made}}/x.txt
      texts: ${{parent.inputs.texts}}
      rate: ${{parent.jobs.first.inputs.rate}}
"""


@pytest.fixture(autouse=True)
def texts(write):
    """A folder with one file."""
    write("texts/0.txt", "zero")


def words(step):
    """Return the parts of a command, those with data by the name of their port."""
    [command] = step.script_arguments
    return [getattr(part, "name", part) for part in command.parts]


def test_values_and_places_are_parts_of_a_command(job_of):
    """Values are put in, data stay parts; text around them is kept as it is."""
    first, second = job_of(PIPELINE).pipeline.graph.in_order()

    assert words(first) == ["echo ", "0.5", "  > ", "made", "/x.txt"]
    assert words(second) == ["cat ", "file", " ", "texts", "/0.txt --rate=", "0.5"]


def test_a_job_may_stand_before_those_that_it_needs(job_of):
    """The order in the document does not count."""
    text = PIPELINE.replace("  first:", "  zero:").replace("jobs.first", "jobs.zero")
    head, jobs = text.split("jobs:\n")
    zero, second = jobs.split("  second:\n")
    steps = job_of(f"{head}jobs:\n  second:\n{second}{zero}").pipeline.graph.in_order()

    assert [step.name for step in steps] == ["zero", "second"]


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param(
            "jobs.second.inputs.rate",
            "${{parent.inputs.rats}}",
            r"no input 'rats'; it has rate, names, flag, texts. Did you mean 'rate'",
            id="an unknown input",
        ),
        pytest.param(
            "jobs.second.inputs.file",
            "${{parent.jobs.fist.outputs.made}}",
            r"there is no job 'fist'; there are first, second. Did you mean 'first'",
            id="an unknown job",
        ),
        pytest.param(
            "jobs.second.inputs.file",
            "${{parent.jobs.first.outputs.mad}}",
            "job 'first' has no output 'mad'; it has made",
            id="an unknown output",
        ),
        pytest.param(
            "jobs.second.inputs.file",
            "x${{parent.jobs.first.outputs.made}}",
            "behind data there may only be a path",
            id="text before data",
        ),
        pytest.param(
            "jobs.first.command",
            "echo ${{inputs.rat}}",
            r"stands for nothing; the inputs are rate, more. Did you mean 'rate'",
            id="an unknown name in a command",
        ),
        pytest.param(
            "jobs.first.command",
            "echo ${{inputs.more}}",
            r"is optional and has no value; write \$\[\[",
            id="an optional input outside of brackets",
        ),
        pytest.param(
            "inputs.texts.path",
            "./no/such",
            r"pipeline.yml:6: inputs.texts: './no/such' does not exist",
            id="a folder that does not exist",
        ),
        pytest.param(
            "inputs.texts.type", "uri_file", "is a folder", id="a folder that is a file"
        ),
        pytest.param("jobs", "{}", "there are no jobs", id="no jobs"),
        pytest.param("jobs.Upper", "{command: ls}", "is no key", id="a key"),
        pytest.param("inputs.a-b", "1", "is no name for an input", id="a name"),
        pytest.param("jobs.first.type", "sweep", "one job for each set", id="a sweep"),
        pytest.param("type", "parallel", "it a job below jobs", id="a lone parallel"),
    ],
)
def test_what_stands_for_nothing_is_refused(job_of, path, value, problem):
    """One line with the place, the names that there are, and the closest one."""
    with pytest.raises(BadDocumentError, match=problem) as found:
        job_of(PIPELINE, (path, value))

    assert all("\n" not in line for line in found.value.problems)


def test_circles_are_found(job_of):
    """They are not caught by Azure's client."""
    with pytest.raises(CycleError, match="first"):
        job_of(
            PIPELINE,
            ("jobs.first.inputs.file", "${{parent.jobs.second.outputs.o}}"),
            ("jobs.second.outputs.o", "{}"),
        )


def test_problems_of_all_jobs_come_together(job_of):
    """One line for each, so that they are mended in one go."""
    with pytest.raises(BadDocumentError) as found:
        job_of(PIPELINE, ("jobs.first.comand", "x"), ("jobs.second.outputz", "x"))

    assert len(found.value.problems) == 2
    assert "Did you mean 'command'?" in found.value.problems[0]
    assert "pipeline.yml:15: jobs.second.outputz" in found.value.problems[1]


@pytest.mark.parametrize(
    ("port", "given", "found"),
    [
        ("{type: integer}", "10.0", 10),
        ("{type: integer}", "x", "is no integer|no integer"),
        ("{type: boolean}", "'TRUE'", True),
        ("{type: boolean}", "1", "no boolean"),
        ("{type: number}", "'0.5'", 0.5),
        ("{type: string}", "5", "5"),
        ("{type: integer, min: 1, max: 3}", "4", "not in 1.0 to 3.0"),
        ("{type: string, enum: [a, b]}", "c", "none of a, b"),
        ("{type: integer, default: 7}", "null", 7),
        ("{type: integer}", "null", "has no value"),
    ],
)
def test_values_have_the_type_of_their_port(job_of, write, port, given, found):
    """Of a component's; what does not fit is refused."""
    write(
        "component.yml",
        f"type: command\ncommand: echo ${{{{inputs.n}}}}\ninputs:\n  n: {port}\n",
    )
    text = f"jobs:\n  a: {{component: component.yml, inputs: {{n: {given}}}}}\n"
    if isinstance(found, str) and found != "5":
        with pytest.raises(BadDocumentError, match=found):
            job_of(text)
        return
    [step] = job_of(text).pipeline.graph.in_order()

    assert words(step) == ["echo ", str(found)]


def test_a_command_of_its_own_is_a_pipeline_of_one_job(job_of):
    """With the experiment, the name and the tags of its document; lines stay true."""
    text = (
        "type: command\nexperiment_name: alone\nname: one\ncompute: local\n"
        "inputs:\n  n: 3\ncommand: echo ${{inputs.n}}\n"
    )
    job = job_of(text)
    [step] = job.pipeline.graph.in_order()

    assert words(step) == ["echo ", "3"]
    assert (job.experiment, job.tags) == ("alone", {"name": "one"})
    with pytest.raises(BadDocumentError, match=r"^pipeline.yml:7: .*comand: unknown"):
        job_of(text.replace("command: echo", "comand: echo"))
