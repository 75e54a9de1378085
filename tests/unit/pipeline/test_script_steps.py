"""Steps of one script, command or copy: version 1's signatures and checks."""

from __future__ import annotations

import pytest

from azml_pipelines import (
    CommandStep,
    Dataset,
    DeclarationError,
    OutputFileDatasetConfig,
    Pipeline,
    PipelineData,
    PipelineParameter,
    PythonScriptStep,
    RunConfiguration,
    output_exists,
)
from azml_pipelines.pipeline.data_transfer_step import DataTransferStep
from azml_pipelines.pipeline.graph import build_graph
from azml_pipelines.pipeline.step_arguments import PortReference


@pytest.fixture
def source(tmp_path):
    """A source directory with a script."""
    (tmp_path / "main.py").write_text("print('hello')\n")
    return str(tmp_path)


@pytest.fixture
def script(source):
    """Make a step of it."""

    def script(name=None, **fields):
        return PythonScriptStep("main.py", name, source_directory=source, **fields)

    return script


def test_a_step_is_called_like_its_script(script):
    """Unless it has a name of its own."""
    assert script().name == "main.py"
    assert script("train").name == "train"


def test_outputs_in_arguments_are_outputs(script):
    """An output configuration needs no entry in outputs; PipelineData does."""
    config, data = OutputFileDatasetConfig("table"), PipelineData("data")
    step = script(arguments=["--a", config, data, 5], outputs=[data])

    assert [written.output_name for written in step.writes()] == ["data", "table"]
    assert step.script_arguments == (
        "--a",
        PortReference("output", "table"),
        PortReference("output", "data"),
        "5",
    )


def test_what_another_step_writes_is_an_input(script):
    """The edge comes from the data."""
    data = PipelineData("data")
    make = script("make", arguments=[data], outputs=[data])
    use = script("use", arguments=[data], inputs=[data])

    assert build_graph([use]).in_order() == (make, use)


def test_an_input_that_is_called_like_an_output_is_renamed(script):
    """As version 1 does it."""
    data, again = PipelineData("data"), PipelineData("data")
    script("make", outputs=[data])
    step = script("use", inputs=[data], outputs=[again], arguments=[data, again])

    assert [port.name for port in step.input_ports] == ["INPUT_data"]
    assert step.script_arguments == (
        PortReference("input", "INPUT_data"),
        PortReference("output", "data"),
    )


def test_a_run_configuration_says_where_and_with_what(script):
    """The step's own target and variables go before."""
    runconfig = RunConfiguration()
    runconfig.target = "cluster"
    runconfig.environment_variables = {"A": "1", "B": "1"}
    step = script(runconfig=runconfig, environment_variables={"B": "2"})

    assert step.compute_target == "cluster"
    assert step.environment_variables == {"A": "1", "B": "2"}
    assert script(runconfig=runconfig, compute_target="mine").compute_target == "mine"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"inputs": "x"}, "is no list", id="inputs are a list"),
        pytest.param({"arguments": [{}]}, "cannot be in arguments", id="an argument"),
        pytest.param({"outputs": ["x"]}, "cannot be in outputs", id="an output"),
        pytest.param({"inputs": [3]}, "cannot be in inputs", id="an input"),
        pytest.param({"timeout_seconds": 0}, "seconds above 0", id="no time"),
        pytest.param({"timeout_seconds": True}, "seconds above 0", id="a truth value"),
        pytest.param({"max_try": 0}, "at least 1", id="no try"),
        pytest.param({"memory_limit": "much"}, "positive number", id="no size"),
        pytest.param({"params": {"a": []}}, "params", id="a parameter"),
        pytest.param({"runconfig": "x"}, "RunConfiguration", id="no configuration"),
        pytest.param({"when": True}, "is no condition", id="no condition"),
        pytest.param(
            {"params": {"a": 1}, "runconfig_pipeline_params": {"a": 1}},
            "is in params and in",
            id="a parameter twice",
        ),
        pytest.param(
            {"outputs": [PipelineData("a"), PipelineData("b", output_name="a")]},
            "several outputs of one name",
            id="outputs of one name",
        ),
    ],
)
def test_what_is_refused(script, fields, said):
    """In one line that names the step, on the line that wrote it."""
    with pytest.raises(DeclarationError, match=said) as refused:
        script("train", **fields)

    assert "'train'" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_dataset_needs_a_name(script, tmp_path):
    """The message says how to give it one."""
    dataset = Dataset.File.from_files(str(tmp_path))

    with pytest.raises(DeclarationError, match="as_named_input"):
        script(inputs=[dataset])


def test_a_refused_step_writes_nothing(script):
    """Its output is still free."""
    data = PipelineData("data")
    with pytest.raises(DeclarationError):
        script(outputs=[data], when="x")

    assert data.producer is None


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["python train.py --x 1"], "CommandStep_python"),
        ("echo 'a b' c", "CommandStep_echo"),
    ],
)
def test_a_command_is_called_by_its_first_word(source, command, name):
    """As version 1 does it."""
    assert CommandStep(command, source_directory=source).name == name


def test_a_command_may_come_from_the_run_configuration(source):
    """Without one anywhere there is no step."""
    runconfig = RunConfiguration(command="ls -l")

    assert CommandStep(runconfig=runconfig, source_directory=source).arguments == [
        "ls -l"
    ]
    with pytest.raises(DeclarationError, match="is no command line"):
        CommandStep(source_directory=source)


def test_a_source_directory_has_to_exist(tmp_path):
    """For commands too."""
    with pytest.raises(DeclarationError, match="does not exist"):
        CommandStep("ls", source_directory=str(tmp_path / "missing"))


def test_a_copy_goes_somewhere():
    """A name alone is no place."""
    data = PipelineData("data")

    with pytest.raises(DeclarationError, match="destination_data_reference"):
        DataTransferStep("copy", data, "there")


def test_a_condition_is_no_truth_value(script):
    """Nothing is known before the run."""
    train = script("train")

    with pytest.raises(DeclarationError, match="while the pipeline runs"):
        bool(train.metric("accuracy") > 0.5)


def test_a_step_waits_for_what_its_condition_looks_at(script):
    """So that the condition can be decided."""
    data = PipelineData("data")
    train = script("train", outputs=[data])
    use = script("use", when=[train.metric("a") > 1, output_exists(data)])

    assert use.run_after_steps == [train]


def test_nobody_writes_what_a_condition_asks_for():
    """The message names the output."""
    with pytest.raises(DeclarationError, match="no step writes it"):
        output_exists(PipelineData("data"))


def test_parameters_of_arguments_are_parameters_of_the_step(script):
    """Their scripts find AML_PARAMETER_<name>, without signs in the name."""
    rate = PipelineParameter("learning rate", 0.5)
    step = script(arguments=["--rate", rate], params={"max-depth": 3})

    assert step.step_parameters == {"learning_rate": rate, "max_depth": 3}


def test_a_parameter_is_given_once(script):
    """In the arguments or in params."""
    with pytest.raises(DeclarationError, match="'rate' is in params and"):
        script(arguments=[PipelineParameter("rate", 1)], params={"rate": 2})


def test_parameters_are_found_everywhere(script):
    """In arguments and in params."""
    first, second = PipelineParameter("a", 1), PipelineParameter("b", "x")
    step = script(arguments=[first], params={"p": second})

    assert step.parameters() == [first, second]


def test_an_output_that_nobody_can_know_of_is_named(script, workspace):
    """Neither an argument nor read by a step."""
    step = script("train", outputs=[PipelineData("lost")])

    with pytest.warns(UserWarning, match="'train' has the output 'lost'"):
        Pipeline(workspace, [step])


def test_steps_of_one_name_are_named(script, workspace):
    """With their places."""
    steps = [script("same"), script("other"), script("same")]

    with pytest.warns(UserWarning, match="Steps 1 and 3 of the pipeline are both"):
        Pipeline(workspace, steps)
