"""Every row of version 1's table of ParallelRunStep arguments (section 21)."""

from __future__ import annotations

import sys

import pytest

from azml_pipelines import (
    DeclarationError,
    PipelineData,
    PipelineParameter,
)


@pytest.mark.parametrize(
    "name", ["abc", "a-1", "predict-digits-mnist", "a" * 32], ids=len
)
def test_step_names(step_of, name):
    """3 to 32 lower-case letters, digits and hyphens."""
    assert name == step_of(name).name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ab", id="too short"),
        pytest.param("a" * 33, id="too long"),
        pytest.param("Abc", id="upper case"),
        pytest.param("1abc", id="digit first"),
        pytest.param("abc-", id="hyphen last"),
        pytest.param("a_c", id="underscore"),
        pytest.param("split video", id="blank"),
        pytest.param("abc\n", id="line end"),
        pytest.param("", id="empty"),
        pytest.param(None, id="missing"),
    ],
)
def test_refused_step_names(step_of, name):
    """Any other name is a DeclarationError that repeats the rule."""
    with pytest.raises(DeclarationError, match="3 to 32 characters"):
        step_of(name)


def test_the_configuration_has_to_be_one(step_of):
    """A mapping is not enough."""
    with pytest.raises(DeclarationError, match="parallel_run_config"):
        step_of(parallel_run_config={"node_count": 1})


@pytest.mark.parametrize("inputs", [[], None, "images", ()], ids=repr)
def test_inputs_are_a_list_with_something_in_it(step_of, inputs):
    """Anything else is version 1's AssertionError, and a ValueError."""
    with pytest.raises(AssertionError, match="at least one input") as caught:
        step_of(inputs=inputs)

    assert isinstance(caught.value, DeclarationError)


@pytest.mark.parametrize(
    "arguments",
    [["--rank_mini_batch_count", "4"], ["--rank_mini_batch_count=4"]],
    ids=["two elements", "one element"],
)
def test_ranks_need_no_inputs(step_of, arguments):
    """Mini-batches can be numbers without data."""
    step = step_of(inputs=[], arguments=arguments)

    assert step.rank_mini_batch_count == 4


@pytest.mark.parametrize("count", ["0", 0])
def test_no_ranks_need_inputs(step_of, count):
    """N has to be above 0."""
    with pytest.raises(AssertionError):
        step_of(inputs=[], arguments=["--rank_mini_batch_count", count])


def test_a_count_of_ranks_is_a_number(step_of):
    """A word is refused by name."""
    with pytest.raises(DeclarationError, match="--rank_mini_batch_count is 'many'"):
        step_of(inputs=[], arguments=["--rank_mini_batch_count", "many"])


def test_files_and_tables_do_not_mix(step_of, images, table):
    """All inputs are of one kind."""
    with pytest.raises(DeclarationError, match="'a' is file, 'b' is tabular"):
        step_of(inputs=[images.as_named_input("a"), table.as_named_input("b")])


def test_names_of_inputs_differ(step_of, images):
    """Also across inputs and side inputs."""
    with pytest.raises(DeclarationError, match="several inputs called 'a'"):
        step_of(
            inputs=[images.as_named_input("a")],
            side_inputs=[images.as_named_input("a")],
        )


def test_append_row_needs_an_output(step_of, config_of):
    """Without one there is nowhere to append."""
    with pytest.raises(DeclarationError, match="has no output"):
        step_of(parallel_run_config=config_of(output_action="append_row"))


def test_summary_only_may_have_an_output(step_of):
    """The script writes there what it wants."""
    output = PipelineData("out")
    step = step_of(output=output)

    assert step.writes() == [output]
    assert output.producer is step


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(lambda _: [PipelineData("out")], id="list"),
        pytest.param(lambda _: "out", id="text"),
        pytest.param(lambda d: d.as_named_input("x"), id="dataset"),
    ],
)
def test_refused_outputs(step_of, images, output):
    """An output is exactly one PipelineData."""
    with pytest.raises(DeclarationError, match="exactly one PipelineData"):
        step_of(output=output(images))


def test_an_output_may_be_given_as_dataset(step_of):
    """It stands for its PipelineData."""
    output = PipelineData("out")

    assert step_of(output=output.as_dataset()).output is output


def test_a_refused_step_writes_nothing(step_of):
    """An output does not know a step that was never made."""
    output = PipelineData("out")

    with pytest.raises(DeclarationError):
        step_of(output=output, arguments=["positional"])
    assert output.producer is None


def test_side_inputs_are_a_list(step_of):
    """One object is no list."""
    with pytest.raises(DeclarationError, match="is no list"):
        step_of(side_inputs=PipelineData("x"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"source_directory": "nowhere"}, "does not exist", id="no folder"),
        pytest.param({"entry_script": "gone.py"}, "no entry script", id="no script"),
        pytest.param({"entry_script": "."}, "no entry script", id="script is a folder"),
        pytest.param({"entry_script": ""}, "no entry script", id="script is empty"),
        pytest.param(
            {"entry_script": "../outside.py"}, "lies outside", id="script is elsewhere"
        ),
    ],
)
def test_files_have_to_exist(step_of, config_of, scripts, given, says):
    """With a source directory, a missing file is a ValueError at once."""
    (scripts.parent / "outside.py").touch()
    config = config_of(output_action="summary_only", **given)

    with pytest.raises(ValueError, match=says):
        step_of(parallel_run_config=config)


def test_a_source_directory_is_a_folder(step_of, config_of, scripts):
    """A file is refused."""
    config = config_of(
        output_action="summary_only", source_directory=str(scripts / "score.py")
    )

    with pytest.raises(ValueError, match="is no folder"):
        step_of(parallel_run_config=config)


def test_a_source_directory_is_found_again(step_of, config_of, scripts, monkeypatch):
    """A relative one means the directory of the constructor's caller."""
    monkeypatch.chdir(scripts.parent)
    config = config_of(output_action="summary_only", source_directory=scripts.name)
    step = step_of(parallel_run_config=config)
    monkeypatch.chdir("/")

    assert scripts == step.source().directory
    assert step.source().entry_script == "score.py"


def test_without_source_directory(step_of, config_of, scripts, monkeypatch):
    """The script is looked for when the default source directory is known."""
    config = config_of(output_action="summary_only", source_directory=None)
    step = step_of(parallel_run_config=config)
    monkeypatch.chdir("/")

    with pytest.raises(DeclarationError, match="no entry script"):
        step.source()
    assert scripts == step.source(str(scripts)).directory


def test_a_script_elsewhere_brings_its_folder(step_of, config_of, scripts):
    """Without source directory, any script of this machine will do."""
    config = config_of(
        output_action="summary_only",
        source_directory=None,
        entry_script=str(scripts / "score.py"),
    )
    source = step_of(parallel_run_config=config).source("/")
    below = step_of(parallel_run_config=config).source(str(scripts.parent))

    assert ("/", str(scripts).lstrip("/") + "/score.py") == (
        str(source.directory),
        source.entry_script,
    )
    assert (scripts.parent, "scripts/score.py") == (below.directory, below.entry_script)


def test_a_parameter_has_one_default(step_of, config_of):
    """Two defaults under one name are refused inside of a step."""
    config = config_of(
        output_action="summary_only", node_count=PipelineParameter("n", 1)
    )

    with pytest.raises(DeclarationError, match="two defaults in step 'score-images'"):
        step_of(parallel_run_config=config, arguments=["-n", PipelineParameter("n", 2)])


def test_nothing_of_the_caller_is_changed(step_of, images):
    """Lists can be used again, and sys.path is the caller's own."""
    named, labels = images.as_named_input("images"), images.as_named_input("labels")
    given = {
        "inputs": [named],
        "side_inputs": [PipelineData("x")],
        "arguments": ["--labels", labels],
    }
    copies = {name: list(value) for name, value in given.items()}
    path = list(sys.path)
    step_of(**given)
    step_of("again", **given)

    assert copies == given
    assert path == sys.path
