"""The promises of pipeline endpoints."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from azml_pipelines import Experiment, PipelineEndpoint, PipelineRun
from azml_pipelines.errors import DeclarationError, UserErrorException


@pytest.fixture
def endpoint(pipeline, workspace):
    """An endpoint with one version."""
    return PipelineEndpoint.publish(workspace, "names", "lists names", pipeline)


def rows(run):
    """Wait for a run and return its rows."""
    assert run.wait_for_completion(show_output=False) == "Finished"
    (place,) = run.output_places()
    return Path(place.path).read_text().split()


def edit(tmp_path):
    """Change the script that later versions get."""
    (tmp_path / "source" / "score.py").write_text(
        "def run(mini_batch):\n    return ['edited' for _ in mini_batch]\n"
    )


def test_it_is_found_by_name_and_id(endpoint, workspace):
    """Its first version is the default one."""
    by_name = PipelineEndpoint.get(workspace, name="names")
    by_id = PipelineEndpoint.get(workspace, id=endpoint.id)

    assert by_name.id == by_id.id == endpoint.id
    assert (by_id.status, by_id.default_version, by_id.description) == (
        "Active",
        "0",
        "lists names",
    )
    assert by_id.list_versions() == {"0": "Active"}
    assert by_id.get_pipeline().name.startswith("names-")
    assert [one.id for one in PipelineEndpoint.list(workspace)] == [endpoint.id]


def test_each_version_runs_its_own_scripts(endpoint, pipeline, workspace, tmp_path):
    """The default one unless another is named, also through an experiment."""
    edit(tmp_path)
    endpoint.add(pipeline)

    default = endpoint.submit("names")
    newer = Experiment(workspace, "names").submit(endpoint, pipeline_version="1")

    assert rows(default) == ["0.txt", "1.txt", "2.txt"]
    assert rows(newer) == ["edited"] * 3
    newest = endpoint.get_pipeline("1").id
    runs = PipelineRun.get_pipeline_runs(workspace, newest)
    assert [run.id for run in runs] == [newer.id]


def test_the_default_can_be_changed(endpoint, pipeline):
    """By version, by pipeline, or when a version is added."""
    endpoint.add_default(pipeline)
    assert endpoint.get_default_version() == "1"

    endpoint.set_default_version("0")
    assert endpoint.default_version == "0"

    endpoint.set_default(endpoint.get_pipeline("1"))
    assert endpoint.default_version == "1"


def test_a_pipeline_is_one_version_however_often_it_is_added(endpoint, pipeline):
    """Twenty that are added at once get twenty versions, without gaps."""
    published = pipeline.publish("shared")
    endpoint.add(published)
    endpoint.add(published)
    others = [pipeline.publish(f"p{number}") for number in range(20)]
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(endpoint.add, others))

    versions = endpoint.pipeline_version_list

    assert [version for version, _ in versions] == [str(one) for one in range(22)]
    assert {one.id for one in others} <= {pipeline_id for _, pipeline_id in versions}


def test_a_disabled_endpoint_starts_nothing(endpoint, workspace):
    """Until it is enabled; archived ones come back under another name."""
    endpoint.disable()
    with pytest.raises(UserErrorException, match="is Disabled and starts no runs"):
        endpoint.submit("never")
    assert PipelineEndpoint.list(workspace) == []

    endpoint.archive()
    endpoint.reactivate("renamed")

    assert (endpoint.name, endpoint.status) == ("renamed", "Active")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda it: it.publish("names", it.pipeline), "exists already"),
        (lambda it: it.publish(" ", it.pipeline), "names no endpoint"),
        (lambda it: it.publish("new", "p"), "is a str"),
        (lambda it: it.endpoint.add(7), "is a int"),
        (lambda it: it.endpoint.get_pipeline("7"), "its versions: 0"),
        (lambda it: it.endpoint.set_default_version("x"), "its versions: 0"),
        (lambda it: it.endpoint.set_default(it.pipeline), "with .add_default(pipeline"),
    ],
)
def test_what_cannot_be_is_a_value_error(endpoint, workspace, pipeline, ask, said):
    """As in version 1, and the message says what there is."""

    def publish(name, what):
        PipelineEndpoint.publish(workspace, name, "", what)

    with pytest.raises(DeclarationError) as caught:
        ask(SimpleNamespace(endpoint=endpoint, pipeline=pipeline, publish=publish))

    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_an_unknown_name_names_the_closest(endpoint, workspace):
    """A typing mistake is found by eye."""
    with pytest.raises(UserErrorException, match="Did you mean 'names'"):
        PipelineEndpoint.get(workspace, name="nmaes")
