"""Which value may override which default (section 9)."""

from __future__ import annotations

import pytest

from azml_pipelines import DataPath, ParameterError, PipelineParameter
from azml_pipelines.plan.definition import ParameterDefinition, PipelineDefinition
from azml_pipelines.plan.describe_ports import datapath_source
from azml_pipelines.plan.parameter_values import resolve_values

DEFAULTS = {"str": "a", "int": 1, "float": 1.5, "bool": True}
GIVEN = {
    "text": "b",
    "digits": "1",
    "int": 2,
    "float": 2.5,
    "whole float": 2.0,
    "bool": False,
    "None": None,
    "list": [1],
    "bytes": b"b",
}
ACCEPTED = {
    "str": {"text", "digits"},
    "int": {"int", "bool"},
    "float": {"float", "whole float"},
    "bool": {"int", "bool"},
}


class Text(str):
    """Text of another type."""

    __slots__ = ()


@pytest.fixture
def declared(images, table, workspace):
    """A pipeline with a parameter of each kind."""
    store = workspace.get_default_datastore()
    defaults = DEFAULTS | {
        "file": images.definition,
        "tabular": table.definition,
        "datapath": datapath_source(DataPath(store, "images")),
    }
    return PipelineDefinition(
        parameters=tuple(
            ParameterDefinition(name=f"p_{kind}", kind=kind, default=default)
            for kind, default in defaults.items()
        ),
        steps=(),
    )


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", DEFAULTS)
def test_scalars(declared, kind, given):
    """The type has to be the default's; bool and int count as the same."""
    values = {f"p_{kind}": GIVEN[given]}

    if given in ACCEPTED[kind]:
        value = resolve_values(declared, values)[f"p_{kind}"]
        assert GIVEN[given] == value
        assert type(GIVEN[given]) is type(value)
    else:
        with pytest.raises(ParameterError, match=f"'p_{kind}' takes {kind}"):
            resolve_values(declared, values)


def test_types_are_exact(declared):
    """A subclass of str is not str."""
    with pytest.raises(ParameterError, match=r"\(Text\)"):
        resolve_values(declared, {"p_str": Text("b")})


def test_datasets(declared, images, table):
    """The same kind, as an object or a definition."""
    by_object = resolve_values(declared, {"p_file": images, "p_tabular": table})
    by_definition = resolve_values(
        declared, {"p_file": images.definition, "p_tabular": table.definition}
    )

    assert images.definition == by_object["p_file"]
    assert table.definition == by_object["p_tabular"]
    assert by_definition == by_object


@pytest.mark.parametrize(
    ("kind", "says"),
    [("file", "is a FileDataset; got a Tabular"), ("tabular", "is a TabularDataset")],
)
def test_the_other_kind_of_dataset(declared, images, table, kind, says):
    """Version 1 raises a TypeError."""
    other = {"file": table, "tabular": images}[kind]

    with pytest.raises(TypeError, match=says) as caught:
        resolve_values(declared, {f"p_{kind}": other})
    assert isinstance(caught.value, ParameterError)


def test_datasets_and_scalars_do_not_mix(declared, images, workspace):
    """Neither stands for the other, nor for a DataPath."""
    path = DataPath(workspace.get_default_datastore(), "x")

    for name, value in [
        ("p_file", "images/"),
        ("p_file", images.as_named_input("images")),
        ("p_file", path),
        ("p_str", images),
        ("p_str", path),
        ("p_datapath", "images/"),
        ("p_datapath", images),
    ]:
        with pytest.raises(ParameterError, match=f"'{name}' takes "):
            resolve_values(declared, {name: value})


def test_paths(declared, workspace):
    """Another path on any datastore."""
    path = DataPath(workspace.get_default_datastore(), "other")
    value = resolve_values(declared, {"p_datapath": path})["p_datapath"]

    assert [source.path for source in value.sources] == ["other"]


def test_several_files_in_the_place_of_a_path(declared, images):
    """As a schedule gives them that watches a datastore."""
    value = resolve_values(declared, {"p_datapath": images.definition})["p_datapath"]

    assert images.definition.sources == value.sources


def test_unknown_names(declared):
    """The error lists what is declared, with kinds, and the closest name."""
    with pytest.raises(ParameterError) as caught:
        resolve_values(declared, {"p_flaot": 1.5})

    line = str(caught.value)
    assert "p_str (str), p_int (int), p_float (float), p_bool (bool)" in line
    assert "p_file (file), p_tabular (tabular), p_datapath (datapath)" in line
    assert "Did you mean 'p_float'?" in line


def test_nothing_is_declared():
    """The list says so."""
    with pytest.raises(ParameterError, match="declared: none"):
        resolve_values(PipelineDefinition(steps=()), {"p": 1})


def test_defaults_stay(declared):
    """What is not given keeps its value."""
    values = resolve_values(declared, {"p_int": 5})

    assert values | {"p_int": 1} == resolve_values(declared, {})
    assert DEFAULTS == {k: resolve_values(declared, {})[f"p_{k}"] for k in DEFAULTS}


def test_a_pipeline_keeps_its_defaults(tutorial, definition_of, compiled, images):
    """Overrides change no parameter object."""
    compiled(definition_of(tutorial), {"batch_size_param": "1"})
    parameters = {p.name: p.default_value for p in tutorial.parameters()}

    assert isinstance(tutorial.parameters()[0], PipelineParameter)
    assert parameters["batch_size_param"] == "5"
    assert images is parameters["mnist_param"]
