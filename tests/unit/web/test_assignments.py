"""The promises of what a request assigns."""

from __future__ import annotations

import pytest

from azml_pipelines import DataPath
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.errors import ParameterError, UserErrorException
from azml_pipelines.plan.definition import ParameterDefinition, PipelineDefinition
from azml_pipelines.web.assignments import assigned_values
from azml_pipelines.web.messages import SubmitRequest

PLACE = DataSource(url="file:///data", path="x", datastore="workspaceblobstore")
DEFAULTS = {
    "text": ("str", "a"),
    "number": ("int", 1),
    "share": ("float", 0.5),
    "flag": ("bool", False),
    "place": ("datapath", PLACE),
    "files": ("file", DatasetDefinition(kind="file", sources=(PLACE,))),
}
DEFINITION = PipelineDefinition(
    parameters=tuple(
        ParameterDefinition(name=name, kind=kind, default=default)
        for name, (kind, default) in DEFAULTS.items()
    ),
    steps=(),
)


def assigned(workspace, **body):
    """Return what a body assigns."""
    request = SubmitRequest.model_validate({"ExperimentName": "e", **body})
    return assigned_values(workspace, DEFINITION, request)


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("text", "b", "b"),
        ("text", 7, "7"),
        ("number", "7", 7),
        ("number", 7, 7),
        ("share", "0.25", 0.25),
        ("share", 1, 1.0),
        ("flag", "True", True),
        ("flag", True, True),
        ("NodeCount", 2, 2),
    ],
)
def test_scalars_have_the_type_that_is_declared(workspace, name, sent, value):
    """However they were sent; what is not declared stays as it is."""
    (found,) = assigned(workspace, ParameterAssignments={name: sent}).values()

    assert (found, type(found)) == (value, type(value))


def test_a_place_is_on_a_datastore_of_the_workspace(workspace):
    """It becomes a DataPath."""
    place = {"DataStoreName": "workspacefilestore", "RelativePath": "in/here"}

    found = assigned(workspace, DataPathAssignments={"place": place})["place"]

    assert isinstance(found, DataPath)
    assert found.datastore_name == "workspacefilestore"
    assert found.path_on_datastore == "in/here"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc"])
def test_a_place_stays_on_its_datastore(workspace, path):
    """Nobody reads other files of the machine through it."""
    place = {"DataStoreName": "workspaceblobstore", "RelativePath": path}

    with pytest.raises(ParameterError, match="leaves the datastore"):
        assigned(workspace, DataPathAssignments={"place": place})


@pytest.mark.parametrize("text", ["/etc", "./x", "unknown", "unknown:3"])
def test_a_dataset_is_a_registered_one(workspace, text):
    """A path of the machine is none."""
    with pytest.raises(UserErrorException, match="registered: none yet"):
        assigned(workspace, ParameterAssignments={"files": text})
