"""From the user's objects to a definition."""

from __future__ import annotations

import pytest

from azml_pipelines import (
    DatasetConsumptionConfig,
    DeclarationError,
    PipelineData,
    PipelineParameter,
)
from azml_pipelines.errors import CycleError
from azml_pipelines.pipeline.step import PipelineStep
from azml_pipelines.plan.definition import (
    ParameterDefinition,
    ParameterReference,
    PipelineDefinition,
)


def test_parameters_stay_open(tutorial, definition_of, images):
    """Settings and inputs refer to them by name."""
    definition = definition_of(tutorial, description="digits")
    (step,) = definition.steps

    assert definition.description == "digits"
    assert definition.parameter("mnist_param") == ParameterDefinition(
        name="mnist_param", kind="file", default=images.definition
    )
    assert definition.parameter("gone") is None
    assert step.inputs[0].source == ParameterReference(parameter="mnist_param")
    assert step.settings.mini_batch_size == ParameterReference(
        parameter="batch_size_param"
    )
    assert step.environment.name == "scoring"


@pytest.mark.parametrize("default", ["a", 1, 1.0, 0.1, True, float("inf")], ids=repr)
def test_round_trip(step_of, definition_of, default):
    """JSON keeps types: 1 stays an int, 1.0 a float, True a bool."""
    step = step_of(arguments=["-p", PipelineParameter("p", default)])
    definition = definition_of(step)
    again = PipelineDefinition.model_validate_json(definition.model_dump_json())

    assert definition == again
    assert type(default) is type(again.parameters[0].default)


def test_sources_can_be_moved(step_of, definition_of, scripts):
    """A stored run brings its scripts from its own copy."""
    definition = definition_of(step_of("first-step"), step_of("second-step"))
    moved = definition.with_sources({"first-step": "/copy"})

    assert [step.source_directory for step in moved.steps] == ["/copy", str(scripts)]
    assert str(scripts) == definition.steps[0].source_directory


def test_steps_may_share_a_name(step_of, definition_of):
    """Each has a key of its own; a warning says so."""
    steps = [step_of("step"), step_of("step"), step_of("step-2"), step_of("step")]
    with pytest.warns(UserWarning, match="both called 'step'"):
        definition = definition_of(*steps)

    assert [step.key for step in definition.steps] == [
        "step",
        "step-3",
        "step-2",
        "step-4",
    ]
    assert [step.name for step in definition.steps].count("step") == 3


def test_where_outputs_go(step_of, definition_of, workspace, tmp_path):
    """An output's own datastore, else the pipeline's, else the workspace's."""
    from azml_pipelines import Datastore

    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        Datastore.register_local_folder(workspace, name, str(tmp_path / name))
    mine, theirs = Datastore.get(workspace, "mine"), Datastore.get(workspace, "theirs")
    own = step_of(output=PipelineData("x", mine, pipeline_output_name="scores"))
    other = step_of(output=PipelineData("x"))

    assert definition_of(own, default_datastore=theirs).steps[0].output.datastore == (
        "mine"
    )
    assert definition_of(own).steps[0].output.pipeline_output_name == "scores"
    for given, expected in [
        ({"default_datastore": theirs}, "theirs"),
        ({"default_datastore": "theirs"}, "theirs"),
        ({}, workspace.get_default_datastore().name),
    ]:
        assert expected == definition_of(other, **given).steps[0].output.datastore


def test_side_inputs_of_every_kind(step_of, definition_of, workspace, images):
    """Files, references and parameters."""
    store = workspace.get_default_datastore()
    parameter = DatasetConsumptionConfig("p", PipelineParameter("labels", images))
    reference = store.path("labels.txt", "ref").as_download("/tmp/labels")
    step = step_of(side_inputs=[images.as_named_input("files"), parameter, reference])
    files, bound, referenced = definition_of(step).steps[0].side_inputs

    assert images.definition == files.source
    assert bound.source == ParameterReference(parameter="labels")
    assert (referenced.mode, referenced.path_on_compute) == ("download", "/tmp/labels")
    assert [s.path for s in referenced.source.sources] == ["labels.txt"]
    assert store.name == referenced.source.sources[0].datastore


def test_registered_datasets_are_looked_up_again(
    step_of, definition_of, workspace, images, tmp_path
):
    """(workspace, name) means the latest version at the time of submission."""
    from azml_pipelines import Dataset

    images.register(workspace, "digits")
    config = DatasetConsumptionConfig("images", (workspace, "digits"))
    step = step_of(inputs=[config], arguments=["--in", config])
    first = definition_of(step)
    newer = Dataset.File.from_files(str(tmp_path / "images" / "1.png"))
    newer.register(workspace, "digits", create_new_version=True)
    second = definition_of(step)

    assert first.steps[0].inputs[0].source.version == 1
    assert second.steps[0].inputs[0].source.version == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(
            {"inputs": [], "arguments": ["--rank_mini_batch_count", "3"]},
            "--rank_mini_batch_count 3",
            id="ranks",
        ),
        pytest.param(
            {"environment_variables": {"A=B": "1"}},
            "the name 'A=B'",
            id="variable name",
        ),
        pytest.param({"environment_variables": {"A": "\0"}}, "'A'.=", id="variable"),
    ],
)
def test_what_cannot_run(step_of, definition_of, given, says):
    """It can be declared, and is refused at submission on one line."""
    with pytest.raises(DeclarationError, match=says) as caught:
        definition_of(step_of(**given))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("append_row_file_name", "../../escaped.txt"),
        ("mini_batch_size", "10 MB"),
        ("node_count", [1]),
        ("error_threshold", 0.5),
        ("environment", None),
    ],
)
def test_attributes_assigned_later(step_of, definition_of, attribute, value):
    """They are checked at every submission."""
    step = step_of()
    setattr(step.parallel_run_config, attribute, value)

    with pytest.raises(DeclarationError, match=attribute) as caught:
        definition_of(step)
    assert "\n" not in str(caught.value)


def test_no_steps(definition_of):
    """There is nothing to run."""
    with pytest.raises(DeclarationError, match="no steps"):
        definition_of()


def test_cycles(step_of, definition_of):
    """Refused at submission."""
    step = step_of()
    step.run_after(step)

    with pytest.raises(CycleError):
        definition_of(step)


def test_unknown_kinds_of_steps(definition_of):
    """A step that nobody can run is a NotImplementedError."""
    with pytest.raises(NotImplementedError, match="'plain' is a PipelineStep"):
        definition_of(PipelineStep("plain"))
