"""Components that are registered, and deployments made of jobs that have run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from azml_pipelines.azure_v2.component_shelf import list_components, register_component
from azml_pipelines.azure_v2.endpoints import BatchEndpoints
from azml_pipelines.azure_v2.invocation import Invocation
from azml_pipelines.azure_v2.pipeline_job import load_pipeline_job
from azml_pipelines.errors import BadDocumentError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

HELLO = """
name: hello_all
type: pipeline
jobs:
  main_job:
    type: command
    component:
      code: src
      environment: azureml:any@latest
      command: python hello.py > ${{outputs.said}}
      outputs:
        said: {type: uri_file}
"""
DEPLOYMENT = """
name: hello-dpl
endpoint_name: hello-endpoint
type: pipeline
"""


@pytest.fixture
def hello(workspace, tmp_path):
    """A component with code, an endpoint, and a folder for deployments."""
    folder = tmp_path / "hello"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "hello.py").write_text("print('hello')\n")
    (folder / "hello.yml").write_text(HELLO)
    (folder / "endpoint.yml").write_text("name: hello-endpoint\n")
    BatchEndpoints(workspace).create(folder / "endpoint.yml")
    return folder


def said(run):
    """Wait for a run and return what its job has written."""
    run.wait_for_completion(show_output=False, raise_on_error=False)
    assert run.get_status() == "Finished", run.state().error
    [place] = run.output_places()
    return Path(place.path).read_text()


def test_a_registered_component_is_found_by_its_name(workspace, hello):
    """With its code as it was; the same again is the same version."""
    first = register_component(workspace, hello / "hello.yml")
    (hello / "src" / "hello.py").write_text("print('good-bye')\n")
    second = register_component(workspace, hello / "hello.yml")
    for version, text in (("1", "hello\n"), ("2", "good-bye\n")):
        file = hello / f"job{version}.yml"
        file.write_text(f"component: azureml:hello_all:{version}\n")

        assert said(load_pipeline_job(workspace, file).submit()) == text
    assert (first.version, second.version) == ("1", "2")
    assert [one.kind for one in list_components(workspace)] == ["pipeline", "pipeline"]


def test_a_version_is_never_another_one(workspace, hello):
    """What is registered stays what it is."""
    (hello / "hello.yml").write_text(f"version: 1\n{HELLO}")
    register_component(workspace, hello / "hello.yml")
    register_component(workspace, hello / "hello.yml")
    (hello / "src" / "hello.py").write_text("print('good-bye')\n")

    with pytest.raises(BadDocumentError, match="registered with another content"):
        register_component(workspace, hello / "hello.yml")
    assert len(list(workspace.folder.components.iterdir())) == 1


def test_several_register_at_once(workspace, hello):
    """Each gets a number of its own, and none of them half a component."""
    start = Barrier(8)

    def register(_number):
        start.wait()
        return register_component(workspace, hello / "hello.yml").version

    with ThreadPoolExecutor(8) as pool:
        versions = sorted(map(int, pool.map(register, range(8))))

    assert versions == list(range(1, 9))
    assert len(list_components(workspace)) == len(versions)


def test_what_a_killed_registration_leaves_is_no_component(workspace, hello):
    """Nor is one that is not complete yet."""
    unfinished = workspace.folder.components / ".1f" / "code0"
    unfinished.mkdir(parents=True)
    (unfinished / "component.yml").write_text(HELLO)

    assert list_components(workspace) == []


def test_a_deployment_of_a_registered_component(workspace, hello):
    """The latest version when the deployment was made."""
    register_component(workspace, hello / "hello.yml")
    file = hello / "deployment.yml"
    file.write_text(f"{DEPLOYMENT}component: azureml:hello_all@latest\n")
    endpoints = BatchEndpoints(workspace)
    endpoints.deploy(file)
    (hello / "src" / "hello.py").write_text("print('good-bye')\n")
    register_component(workspace, hello / "hello.yml")

    assert said(endpoints.invoke("hello-endpoint", Invocation())) == "hello\n"


def test_any_name_may_stand_in_a_component(workspace, hello):
    """Inputs, variables and tags may be called as keys with files are."""
    (hello / "named.yml").write_text(
        "name: named\ntype: pipeline\ntags: {code: none, component: one}\njobs:\n"
        "  code:\n    type: command\n    command: echo ${{inputs.code}} > "
        "${{outputs.said}}\n    environment_variables: {component: one}\n"
        "    inputs: {code: A12, component: one}\n"
        "    outputs: {said: {type: uri_file}}\n"
    )
    register_component(workspace, hello / "named.yml")
    file = hello / "job.yml"
    file.write_text("component: azureml:named:1\n")

    assert said(load_pipeline_job(workspace, file).submit()) == "A12\n"


def test_a_component_that_is_nowhere(workspace, hello):
    """What to do is said."""
    file = hello / "job.yml"
    file.write_text("component: azureml:nobody@latest\n")

    with pytest.raises(BadDocumentError, match="azml component create -f FILE"):
        load_pipeline_job(workspace, file)


def test_a_deployment_of_a_job_that_has_run(workspace, hello):
    """By the job's name or the id of its run; its inputs stay as they were."""
    job = hello / "job.yml"
    job.write_text("name: my_job\ncomponent: hello.yml\n")
    first = load_pipeline_job(workspace, job).submit()
    assert said(first) == "hello\n"
    file = hello / "deployment.yml"
    endpoints = BatchEndpoints(workspace)
    for name in ("my_job", first.id):
        file.write_text(f"{DEPLOYMENT}job_definition: azureml:{name}\n")
        endpoints.deploy(file)
        run = endpoints.invoke("hello-endpoint", Invocation())
        run.wait_for_completion(show_output=False)

        assert run.get_status() == "Finished"
        assert run.experiment.name == "hello-endpoint"
    with pytest.raises(BadDocumentError, match="runs as it was"):
        endpoints.invoke("hello-endpoint", Invocation(inputs={"a": 1}))
    file.write_text(f"{DEPLOYMENT}job_definition: azureml:nobody\n")
    endpoints.deploy(file)
    with pytest.raises(BadDocumentError, match="no run has this id"):
        endpoints.invoke("hello-endpoint", Invocation())
