"""Outputs of steps, and the ways to read them."""

from __future__ import annotations

import pytest

from azml_pipelines import DeclarationError, PipelineData
from azml_pipelines.pipeline.pipeline_data import InputPortBinding


def test_defaults():
    """The output is called like the data; its text is an environment variable."""
    data = PipelineData("inferences", data_type="csv")

    assert data.output_name == "inferences"
    assert data.data_type == "csv"
    assert data.datastore is None
    assert str(data) == "$AZUREML_DATAREFERENCE_inferences"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"name": ""}, id="name empty"),
        pytest.param({"name": None}, id="name missing"),
        pytest.param({"name": "my data"}, id="name with a blank"),
        pytest.param({"name": "a-b"}, id="name with a hyphen"),
        pytest.param({"name": "a", "output_name": ""}, id="output_name empty"),
        pytest.param(
            {"name": "a", "output_name": "b/c"}, id="output_name with a slash"
        ),
        pytest.param({"name": "a", "output_mode": "copy"}, id="output_mode unknown"),
    ],
)
def test_refused(given):
    """Names are made of word characters; the mode is mount or upload."""
    with pytest.raises(ValueError, match=r"is not allowed|is unknown"):
        PipelineData(**given)


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        (lambda d: d.as_input("x"), ("x", "mount", None)),
        (lambda d: d.as_mount(), ("a", "mount", None)),
        (lambda d: d.as_download("x", "/data"), ("x", "download", "/data")),
        (lambda d: d.create_input_binding(mode="Direct"), ("a", "direct", None)),
    ],
    ids=["as_input", "as_mount", "as_download", "create_input_binding"],
)
def test_bindings(binding, expected):
    """Each way gives name, mode and path, and remembers the data."""
    data = PipelineData("a")
    made = binding(data)

    assert expected == (made.name, made.bind_mode, made.path_on_compute)
    assert data is made.bind_object


def test_refused_bindings():
    """An unknown mode, or something else than an output."""
    with pytest.raises(DeclarationError, match="unknown mode 'copy'"):
        InputPortBinding("a", PipelineData("a"), "copy")
    with pytest.raises(DeclarationError, match="only a PipelineData"):
        InputPortBinding("a", "text")


def test_as_dataset_makes_copies():
    """Every method returns a copy for the same data."""
    first = PipelineData("a", output_name="b").as_dataset()
    second = first.as_named_input("x").as_download("/data")

    assert (first.input_name, first.mode) == ("a", "mount")
    assert (second.input_name, second.mode) == ("x", "download")
    assert second.path_on_compute == "/data"
    assert second.name == "b"
    assert second.pipeline_data is first.pipeline_data
    assert first.as_direct().mode == "direct"
