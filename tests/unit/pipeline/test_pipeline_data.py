"""Outputs of steps, and the ways to read them."""

from __future__ import annotations

import inspect

import pytest

from azml_pipelines import DeclarationError, OutputFileDatasetConfig, PipelineData
from azml_pipelines.errors import NotAvailableError
from azml_pipelines.pipeline.output_file_dataset_config import (
    OutputTabularDatasetConfig,
)
from azml_pipelines.pipeline.pipeline_data import (
    InputPortBinding,
    PipelineOutputFileDataset,
)


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


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: OutputFileDatasetConfig("x", source="./out"), "source='./out'"),
        (
            lambda: OutputFileDatasetConfig("x").as_upload(source_globs="*.csv"),
            r"source_globs='\*.csv'",
        ),
        (
            lambda: (
                OutputFileDatasetConfig("x")
                .read_parquet_files()
                .as_upload(source_globs=["*.csv"])
            ),
            "source_globs",
        ),
    ],
)
def test_what_outputs_cannot_do(make, says):
    """It is refused, instead of being forgotten."""
    with pytest.raises(NotAvailableError, match=rf"{says}.* is not available"):
        make()


def test_a_partition_format_that_is_none():
    """A ValueError, where it is declared."""
    with pytest.raises(DeclarationError, match=r"partition_format='\{a'"):
        OutputFileDatasetConfig("x", partition_format="{a")


OUTPUTS = {
    "__init__": (
        "self, name=None, destination=None, source=None, partition_format=None"
    ),
    "as_mount": "self, disable_metadata_cache=False",
    "as_upload": "self, overwrite=False, source_globs=None",
    "as_input": "self, name=None",
    "register_on_complete": "self, name, description=None, tags=None",
    "read_parquet_files": (
        "self, include_path=False, partition_format=None, path_glob=None, "
        "set_column_types=None"
    ),
}
TABLES = {
    "keep_columns": "self, columns",
    "drop_columns": "self, columns",
    "random_split": "self, percentage, seed=None",
    "as_input": "self, name=None",
    "register_on_complete": "self, name, description=None, tags=None",
}
FILES = {
    "as_mount": "self, path_on_compute=None",
    "as_download": "self, path_on_compute=None",
    "as_direct": "self",
    "as_named_input": "self, name",
    "register": "self, name, create_new_version=True",
    "parse_parquet_files": (
        "self, include_path=False, partition_format=None, "
        "file_extension='.parquet', set_column_types=None"
    ),
}


@pytest.mark.parametrize(
    ("owner", "name", "text"),
    [
        pytest.param(owner, name, text, id=f"{owner.__name__}.{name}")
        for owner, members in (
            (OutputFileDatasetConfig, OUTPUTS),
            (OutputTabularDatasetConfig, TABLES),
            (PipelineOutputFileDataset, FILES),
        )
        for name, text in members.items()
    ],
)
def test_arguments_and_defaults(owner, name, text):
    """Version 1's."""
    found = [
        parameter.replace(annotation=parameter.empty)
        for parameter in inspect.signature(getattr(owner, name)).parameters.values()
    ]

    assert text == ", ".join(map(str, found))
