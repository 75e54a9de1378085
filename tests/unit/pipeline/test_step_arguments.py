"""Arguments of a parallel step: reserved names, and what each stands for."""

from __future__ import annotations

import pytest

from azml_pipelines import (
    DeclarationError,
    PipelineData,
    PipelineParameter,
)
from azml_pipelines.pipeline.step_arguments import (
    RESERVED_ARGUMENTS,
    JoinedArgument,
    PortReference,
)


def test_the_first_argument_is_an_option(step_of):
    """A positional argument first is a ValueError."""
    with pytest.raises(ValueError, match="the first argument is 'model'"):
        step_of(arguments=["model"])


@pytest.mark.parametrize("first", [5, PipelineParameter("p", 5)], ids=repr)
def test_the_first_argument_is_text(step_of, first):
    """Version 1 raises AttributeError here."""
    with pytest.raises(AttributeError, match="no text") as caught:
        step_of(arguments=[first])

    assert isinstance(caught.value, DeclarationError)


@pytest.mark.parametrize("pattern", ["--{}", "--{}=x"])
@pytest.mark.parametrize("name", sorted(RESERVED_ARGUMENTS))
def test_reserved_arguments(step_of, name, pattern):
    """The step's own settings cannot be script arguments."""
    with pytest.raises(ValueError, match="is reserved"):
        step_of(arguments=["--model", "m", pattern.format(name)])


def test_twelve_names_are_reserved():
    """Version 1's list, and nothing else."""
    assert len(RESERVED_ARGUMENTS) == 12


def test_names_that_only_look_reserved(step_of):
    """A longer name, one hyphen, or a value are the script's."""
    arguments = ["--output_format", "csv", "-output", "output", "--out=--output"]

    assert tuple(arguments) == step_of(arguments=arguments).script_arguments


def test_what_arguments_stand_for(step_of, images, workspace):
    """Numbers become text, inputs and outputs a reference, parameters stay open."""
    threshold = PipelineParameter("threshold", 0.5)
    labels, reference = PipelineData("labels"), workspace.get_default_datastore().path()
    named, output = images.as_named_input("images"), PipelineData("out")
    step = step_of(
        inputs=[named],
        output=output,
        side_inputs=[labels, reference],
        arguments=[
            *("--in", named, "--labels", labels, "--again", labels.as_mount()),
            *(
                "--out",
                output,
                "--reference",
                reference,
                "--n",
                3,
                0.5,
                True,
                threshold,
            ),
        ],
    )

    assert step.script_arguments == (
        *("--in", PortReference("input", "images")),
        *("--labels", PortReference("input", "labels")),
        *("--again", PortReference("input", "labels")),
        *("--out", PortReference("output", "out")),
        *("--reference", PortReference("input", "workspaceblobstore")),
        *("--n", "3", "0.5", "True", threshold),
    )
    assert step.parameters() == [threshold]


def test_a_dataset_in_the_arguments_is_a_side_input(step_of, images):
    """It need not be listed twice; a copy of a listed one is the listed one."""
    listed, extra = images.as_named_input("images"), images.as_named_input("extra")
    step = step_of(
        inputs=[listed], arguments=["--in", listed.as_mount(), "--extra", extra]
    )

    assert [port.name for port in step.side_input_ports] == ["extra"]
    assert PortReference("input", "images") == step.script_arguments[1]
    assert PortReference("input", "extra") == step.script_arguments[3]


@pytest.mark.parametrize(
    ("make_argument", "way_out"),
    [
        pytest.param(lambda d: d, "as_named_input", id="raw dataset"),
        pytest.param(lambda _: PipelineData("x"), "side_inputs", id="unlisted output"),
        pytest.param(
            lambda d: PipelineParameter("p", d),
            "DatasetConsumptionConfig",
            id="dataset parameter",
        ),
        pytest.param(lambda _: None, "Pass text", id="None"),
        pytest.param(lambda _: ["a"], "Pass text", id="list"),
    ],
)
def test_refused_arguments(step_of, images, make_argument, way_out):
    """What no script can be given is refused by name."""
    with pytest.raises(ValueError, match=way_out):
        step_of(arguments=["--x", make_argument(images)])


def test_arguments_are_a_list(step_of):
    """Text would be cut into letters."""
    with pytest.raises(DeclarationError, match="is no list"):
        step_of(arguments="--model m")


def test_an_argument_may_have_parts(step_of):
    """Each is bound like an argument of its own, and parameters in it are found."""
    rate, rows = PipelineParameter("rate", 0.5), PipelineData("rows")
    step = step_of(
        output=rows, arguments=[JoinedArgument(("--a=", rate, "/", rows, "/x"))]
    )

    [argument] = step.script_arguments
    assert argument.parts == ("--a=", rate, "/", PortReference("output", "rows"), "/x")
    assert step.parameters() == [rate]


def test_the_first_argument_may_have_parts(step_of):
    """Then nothing is asked of its beginning."""
    step = step_of(arguments=[JoinedArgument(("positional",))])

    assert step.script_arguments == (JoinedArgument(("positional",)),)


def test_side_outputs_are_written_beside_the_rows(step_of):
    """Their places may stand in arguments; the step produces them all."""
    rows, notes = PipelineData("rows"), PipelineData("notes")
    step = step_of(output=rows, side_outputs=[notes], arguments=["--notes", notes])

    assert step.writes() == [rows, notes]
    assert step.script_arguments[1] == PortReference("output", "notes")
    assert notes.producer is step
