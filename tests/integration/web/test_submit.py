"""Posting to a published pipeline does what the SDK does, once per request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from azml_pipelines import (
    DataPath,
    DataPathComputeBinding,
    Dataset,
    DataTransferStep,
    Pipeline,
    PipelineData,
    PipelineEndpoint,
    PipelineParameter,
    PipelineRun,
    PythonScriptStep,
    Workspace,
)

NOTEBOOK = """
from azureml.core.authentication import InteractiveLoginAuthentication
from azureml.pipeline.core import PublishedPipeline
from azureml.pipeline.core.run import PipelineRun
from azureml.core import Workspace
import requests

ws = Workspace.from_config()
published_pipeline = PublishedPipeline.list(ws)[0]
interactive_auth = InteractiveLoginAuthentication()
auth_header = interactive_auth.get_authentication_header()
rest_endpoint = published_pipeline.endpoint
response = requests.post(rest_endpoint,
                         headers=auth_header,
                         json={"ExperimentName": "batch_scoring",
                               "RunSource": "SDK",
                               "ParameterAssignments": {"suffix": "notebook",
                                                        "process_count_per_node": 2}})
run_id = response.json()["Id"]
published_pipeline_run = PipelineRun(ws.experiments["batch_scoring"], run_id)
print(run_id, published_pipeline_run.wait_for_completion(show_output=False))
"""


def expected(suffix, names=("0.txt", "1.txt", "2.txt")):
    """Return the rows of a run."""
    return "".join(f"{name} {suffix}\n" for name in names).encode()


def post(server, published, key=None, **body):
    """Post as a client in Python would; return the answer."""
    headers = {**server.header, **({"Idempotency-Key": key} if key else {})}
    return requests.post(
        published.endpoint,
        headers=headers,
        json={"ExperimentName": "rest", **body},
        timeout=60,
    )


def test_a_notebook_calls_the_endpoint_unchanged(server, declared, workspace, rows):
    """Import lines, header, address, body and answer are those of version 1."""
    declared.publish("scoring", "for notebooks", "1.0")
    script = workspace.folder.root / "notebook.py"
    script.write_text(NOTEBOOK)

    done = subprocess.run(
        [Path(sys.executable).with_name("azml"), "exec", script.name],
        cwd=script.parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )

    run_id, status = done.stdout.split()[-2:]
    assert (status, done.returncode) == ("Finished", 0)
    run = PipelineRun.get(workspace, run_id)
    assert rows(run) == expected("notebook")
    assert run.plan.steps[0].settings.process_count_per_node == 2


def test_every_kind_of_assignment_arrives(server, declared, workspace, tmp_path, rows):
    """Numbers as text, registered datasets by their id, tags."""
    published = declared.publish("scoring")
    (tmp_path / "other.txt").write_text("other")
    other = Dataset.File.from_files(str(tmp_path / "other.txt"))
    other = other.register(workspace, "other")

    answer = post(
        server,
        published,
        ParameterAssignments={"suffix": "rest", "size": "2"},
        DataSetDefinitionValueAssignments={
            "texts": {"SavedDataSetReference": {"Id": other.id}}
        },
        Tags={"by": "rest"},
    )

    run = PipelineRun.get(workspace, answer.json()["Id"])
    assert rows(run) == expected("rest", ["other.txt"])
    assert (run.plan.parameters["size"], run.tags) == (2, {"by": "rest"})
    assert run.experiment.name == "rest"


def without_ids(plan):
    """Return a plan with what differs between two runs of the same taken out."""
    text = plan.model_copy(update={"run_id": "run"}).model_dump_json()
    for number, step in enumerate(plan.steps):
        text = text.replace(step.step_run_id, f"step-{number}")
    return text


def test_a_resubmission_equals_that_of_the_sdk(server, declared, workspace, rows):
    """The same plan but for its ids, the same bytes, from the scripts of then."""
    first = declared.submit("daily")
    rows(first)
    by_sdk = first.resubmit(pipeline_parameters={"suffix": "again", "size": 2})

    status, answer = server.json(
        "POST",
        f"/api/v1/runs/{first.id}/resubmit",
        {"ParameterAssignments": {"suffix": "again", "size": 2}},
    )

    by_rest = PipelineRun.get(workspace, answer["Id"])
    assert status == 200
    assert without_ids(by_sdk.plan) == without_ids(by_rest.plan)
    assert rows(by_sdk) == rows(by_rest) == expected("again")
    assert by_rest.plan.resubmitted_from == first.id


def test_earlier_results_are_used_unless_the_request_says_otherwise(
    server, declared, workspace, rows
):
    """By default, and for the steps that are named or for all."""
    published = declared.publish("Earlier results")
    rows(declared.submit("daily"))
    reused = {}
    for said in (False, True, ["name-files"]):
        answer = post(server, published, RegenerateOutputs=said).json()
        run = PipelineRun.get(workspace, answer["Id"])
        run.wait_for_completion(show_output=False)
        reused[str(said)] = run.get_steps()[0].reused_from is not None

    assert reused == {"False": True, "True": False, "['name-files']": False}
    refused = post(server, published, RegenerateOutputs=["nothing"])
    assert refused.status_code == 400
    assert "'nothing'" in refused.json()["error"]["message"]


def test_a_request_takes_over_what_is_known(
    server, declared, workspace, rows, tmp_path
):
    """Mini-batches that are the same as before, for a submission and a resubmission."""
    published = declared.publish("scoring")
    first = declared.submit("daily")
    rows(first)
    (tmp_path / "texts" / "9.txt").write_text("9")
    posted = PipelineRun.get(
        workspace, post(server, published, Incremental=True).json()["Id"]
    )
    rows(posted)
    (tmp_path / "texts" / "99.txt").write_text("99")
    _, answer = server.json(
        "POST", f"/api/v1/runs/{first.id}/resubmit", {"Incremental": "items"}
    )
    again = PipelineRun.get(workspace, answer["Id"])
    rows(again)
    taken = [run.state().steps[0].taken_over for run in (posted, again)]

    assert taken == [3, 4]
    refused = post(server, published, Incremental="some")
    assert refused.status_code == 400
    assert "Incremental" in refused.json()["error"]["message"]


def test_fifty_repeats_make_one_run_also_across_a_restart(
    serving, declared, workspace, rows
):
    """Half of them reach a server that is killed, half the next one."""
    published = declared.publish("scoring")

    def repeat(server):
        with ThreadPoolExecutor(25) as threads:
            answers = [
                threads.submit(post, server, published, key="monday") for _ in range(25)
            ]
            time.sleep(0.2)
            if kill:
                os.kill(server.process.pid, signal.SIGKILL)
        return [
            answer.result().json()["Id"]
            for answer in answers
            if answer.exception() is None
        ]

    kill = True
    with serving(workspace) as server:
        ids = repeat(server)
    kill = False
    with serving(workspace) as server:
        later = repeat(server)
        other = post(server, published, key="monday", Tags={"another": "request"})

    assert len(later) == 25
    assert len({*ids, *later}) == 1
    assert [later[0]] == [
        record.run_id for record in workspace.catalog.runs.newest_first()
    ]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_used")
    assert rows(PipelineRun.get(workspace, later[0])) == expected("first")


def test_a_run_can_be_watched_and_canceled(server, declared, workspace):
    """Its state is what `azml show --json` prints."""
    run_id = post(server, declared.publish("scoring")).json()["Id"]

    status, canceled = server.json("POST", f"/api/v1/runs/{run_id}/cancel", {})
    run = PipelineRun.get(workspace, run_id)
    run.wait_for_completion(show_output=False)
    _, shown = server.json("GET", f"/api/v1/runs/{run_id}")
    _, listed = server.json("GET", "/api/v1/runs")

    assert (status, canceled["Id"]) == (200, run_id)
    assert shown["status"] == run.get_status()
    assert [step["name"] for step in shown["steps"]] == ["name-files"]
    assert [one["run_id"] for one in listed["runs"]] == [run_id]


def test_pipelines_are_listed_with_their_parameters(server, declared):
    """Whoever wants to call one finds out how."""
    published = declared.publish("scoring", "daily", "2")

    _, listed = server.json("GET", "/api/v1/pipelines")
    _, one = server.json("GET", f"/api/v1/pipelines/{published.id}")

    assert listed == {"value": [one]}
    assert one["Endpoint"] == published.endpoint
    assert {"Name": "size", "Type": "int"} in one["Parameters"]


def test_ended_orchestrators_leave_no_trace_in_the_server(
    server, declared, workspace, rows
):
    """A server that has started many runs has no dead children."""
    run_id = post(server, declared.publish("scoring")).json()["Id"]
    rows(PipelineRun.get(workspace, run_id))
    deadline = time.monotonic() + 20

    def children():
        return psutil.Process(server.process.pid).children()

    while children() and time.monotonic() < deadline:
        time.sleep(0.1)

    assert children() == []


@pytest.mark.parametrize("refuse", ["disable", "archive"])
def test_a_disabled_pipeline_answers_why(server, declared, refuse):
    """In one line of JSON."""
    published = declared.publish("scoring")
    getattr(published, refuse)()

    answer = post(server, published)

    assert answer.status_code == 400
    assert "starts no runs" in answer.json()["error"]["message"]


def test_the_address_stays_when_the_server_is_started_again(
    serving, declared, workspace
):
    """And is known before it was ever started, also to another process."""
    published = declared.publish("scoring")
    before = published.endpoint

    with serving(workspace) as server:
        first = server.address
    with serving(workspace) as server:
        again = server.address

    assert before.startswith(first)
    assert first == again
    opened = Workspace.from_config(workspace.folder.root)
    assert published.get(opened, published.id).endpoint == before


def test_an_endpoint_is_posted_to_like_its_pipeline(server, declared, workspace, rows):
    """With its default version, or the one that is named."""
    endpoint = PipelineEndpoint.publish(workspace, "names", "", declared)
    endpoint.add_default(declared.publish("later"))

    default = post(server, endpoint, key="a").json()["Id"]
    older = post(server, endpoint, PipelineVersion="0").json()["Id"]
    endpoint.set_default_version("0")
    again = post(server, endpoint, key="a").json()["Id"]
    unknown = post(server, endpoint, PipelineVersion="7")

    catalog = workspace.catalog.runs
    assert default == again
    assert catalog.find(default).pipeline_id == endpoint.get_pipeline("1").id
    assert catalog.find(older).pipeline_id == endpoint.get_pipeline("0").id
    assert unknown.status_code == 400
    for run_id in (default, older):
        assert rows(PipelineRun.get(workspace, run_id)) == expected("first")


COPIES = """
import os, sys
os.makedirs(sys.argv[2], exist_ok=True)
for name in os.listdir(sys.argv[1]):
    with open(os.path.join(sys.argv[2], name.upper()), "w") as file:
        file.write(name)
"""


def test_other_kinds_of_steps_are_published_too(server, workspace, tmp_path):
    """A script whose place is assigned, and a transfer, which has no script at all."""
    store = workspace.get_default_datastore()
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.txt").write_text(folder)
        store.upload(str(tmp_path / folder), folder, show_progress=False)
    source = tmp_path / "source"
    source.mkdir()
    (source / "main.py").write_text(COPIES)
    place = PipelineParameter("place", DataPath(store, "first"))
    binding = (place, DataPathComputeBinding("mount"))
    made, moved = PipelineData("made"), PipelineData("moved")
    script = PythonScriptStep(
        "main.py",
        name="copies",
        source_directory=str(source),
        arguments=[binding, made],
        inputs=[binding],
        outputs=[made],
    )
    transfer = DataTransferStep("moves", made, moved)
    published = Pipeline(workspace, [script, transfer]).publish("copying")
    (source / "main.py").unlink()
    second = {"DataStoreName": store.name, "RelativePath": "second"}

    answer = post(server, published, DataPathAssignments={"place": second})

    run = PipelineRun.get(workspace, answer.json()["Id"])
    assert run.wait_for_completion(show_output=False) == "Finished"
    again = run.resubmit(pipeline_parameters={"place": DataPath(store, "first")})
    assert again.wait_for_completion(show_output=False) == "Finished"
    copied = [
        sorted(entry.name for entry in Path(one.path).iterdir())
        for ended in (run, again)
        for one in ended.output_places()
        if one.name == "moved"
    ]
    assert copied == [["SECOND.TXT"], ["FIRST.TXT"]]
    assert not run.folder.step(run.get_steps()[1].id).snapshot.exists()
