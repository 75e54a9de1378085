"""Parameters: what they hold, and when two are one."""

from __future__ import annotations

import pytest

from azml_pipelines import DataPath, DeclarationError, PipelineParameter
from azml_pipelines.pipeline.parameter import distinct_parameters


@pytest.mark.parametrize(
    ("value", "kind"),
    [("a", "str"), (1, "int"), (1.5, "float"), (True, "bool")],
    ids=repr,
)
def test_scalars(value, kind):
    """Text, numbers and truth, each of its own kind."""
    parameter = PipelineParameter("p", value)

    assert kind == parameter.kind
    assert f"PipelineParameter_Name:p_Default:{value}" == str(parameter)


def test_data(images, table, workspace):
    """Datasets of both kinds, and paths on datastores."""
    path = DataPath(workspace.get_default_datastore(), "images")

    assert PipelineParameter("p", images).kind == "file"
    assert PipelineParameter("p", table).kind == "tabular"
    assert PipelineParameter("p", path).kind == "datapath"


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, b"a"], ids=repr)
def test_refused_defaults(value):
    """Anything else is a ValueError."""
    with pytest.raises(ValueError, match="PipelineParameter 'p' cannot hold"):
        PipelineParameter("p", value)


@pytest.mark.parametrize("name", ["", None, 5], ids=repr)
def test_refused_names(name):
    """A parameter without a name cannot be overridden."""
    with pytest.raises(DeclarationError, match="PipelineParameter name="):
        PipelineParameter(name, 1)


def test_a_default_assigned_later_is_checked():
    """It is noticed when the parameter is used."""
    parameter = PipelineParameter("p", 1)
    parameter.default_value = None

    with pytest.raises(DeclarationError, match="Set it back"):
        _ = parameter.kind


def test_equal_parameters_are_one():
    """Same name, kind and default; the first one stays."""
    first, second = PipelineParameter("a", 1), PipelineParameter("b", 1)

    assert [first, second] == distinct_parameters(
        [first, second, PipelineParameter("a", 1)], "the pipeline"
    )


@pytest.mark.parametrize("other", [2, True, 1.0, "1"], ids=repr)
def test_unequal_parameters_of_one_name(other):
    """Another value or another kind is refused."""
    both = [PipelineParameter("a", 1), PipelineParameter("a", other)]

    with pytest.raises(DeclarationError, match="'a' is used with two defaults"):
        distinct_parameters(both, "the pipeline")
