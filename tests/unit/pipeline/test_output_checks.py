"""How rows are written: what may be asked for, alone and together."""

from __future__ import annotations

import pytest

from azml_pipelines import DataType, Environment, ParallelRunConfig
from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.output_checks import output_schema


def config(**given):
    """Make a configuration."""
    return ParallelRunConfig(
        environment=Environment("e"),
        entry_script="s.py",
        error_threshold=1,
        output_action=given.pop("output_action", "append_row"),
        compute_target="local",
        node_count=1,
        **given,
    )


def test_nothing_is_version_1():
    """Its defaults leave the output as it always was."""
    plain = config()

    assert (plain.output_format, plain.output_schema) == (None, None)
    assert (plain.partition_output_by, plain.on_existing) == (None, "replace")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"output_format": "xml"}, "output_format='xml'"),
        ({"output_format": 5}, "output_format=5"),
        ({"on_existing": "append"}, "on_existing='append'"),
        ({"on_existing": None}, "on_existing=None"),
        ({"partition_output_by": ["a"]}, "needs output_format"),
        ({"output_schema": {"a": "float"}}, "needs output_format"),
        ({"output_format": "csv", "partition_output_by": []}, "list of different"),
        ({"output_format": "csv", "partition_output_by": "a"}, "list of different"),
        ({"output_format": "csv", "partition_output_by": ["a", "a"]}, "different"),
        ({"output_format": "csv", "output_schema": {}}, "output_schema="),
        ({"output_format": "csv", "output_schema": {"a": "uuid"}}, "output_schema="),
        ({"output_format": "csv", "output_schema": ["a"]}, "output_schema="),
        (
            {"output_format": "csv", "output_schema": {"a": "float"},
             "partition_output_by": ["b"]},
            "'b', which is not in",
        ),
        ({"output_format": "csv", "output_action": "summary_only"}, "append_row"),
    ],
)  # fmt: skip
def test_what_is_refused(given, says):
    """By name, when the configuration is made."""
    with pytest.raises(DeclarationError, match=says):
        config(**given)


def test_a_schema():
    """Words and DataTypes mean the same."""
    words = output_schema({"a": "float", "b": "integer"})
    types = output_schema({"a": DataType.to_float(), "b": DataType.to_long()})

    assert words == types == {"a": ColumnType("float"), "b": ColumnType("integer")}


def test_it_survives_yaml(tmp_path):
    """What was saved is what is loaded."""
    path = str(tmp_path / "c.yaml")
    config(
        output_format="parquet",
        output_schema={"a": DataType.to_float()},
        partition_output_by=["a"],
        on_existing="version",
    ).save_to_yaml(path)
    text = (tmp_path / "c.yaml").read_text()

    assert "output_format: parquet" in text
    assert "a: float" in text
