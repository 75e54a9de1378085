"""Nobody gets anything without the token, and no web page gets anything at all."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from azml_pipelines.web.application import ROUTES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")
ID = "00000000-0000-4000-8000-000000000000"
PATHS = [
    *(re.sub(r"\\(.)", r"\1", pattern).replace("([^/]+)", ID) for pattern, _ in ROUTES),
    "/",
    "/nothing",
]


def variants(server):
    """Return twenty ways to ask that must not be answered, by what is wrong."""
    port = urlsplit(server.address).port
    here, good = f"127.0.0.1:{port}", server.header["Authorization"]
    json_type = {"Content-Type": "application/json"}
    fine = {"Host": here, "Authorization": good, **json_type}

    def host(value):
        return {**fine, "Host": value}

    def with_(**changed):
        return {**fine, **{k.replace("_", "-"): v for k, v in changed.items()}}

    return {
        "no token": {"Host": here, **json_type},
        "an empty token": with_(Authorization="Bearer "),
        "another token": with_(Authorization="Bearer " + "x" * 43),
        "half a token": with_(Authorization=good[:-10]),
        "a longer token": with_(Authorization=good + "x"),
        "basic": with_(Authorization=good.replace("Bearer", "Basic")),
        "a cookie": {
            "Host": here,
            "Cookie": good.replace("Bearer ", "token="),
            **json_type,
        },
        "a token in another header": {"Host": here, "X-Token": good, **json_type},
        "another host": host("evil.example"),
        "another host with our port": host(f"evil.example:{port}"),
        "no port": host("127.0.0.1"),
        "another port": host("127.0.0.1:1"),
        "a rebound name": host(f"127.0.0.1.evil.example:{port}"),
        "all interfaces": host(f"0.0.0.0:{port}"),
        "a private address": host(f"192.168.0.7:{port}"),
        "an empty host": host(""),
        "another origin": with_(Origin="http://evil.example"),
        "no origin": with_(Origin="null"),
        "a page on another port": with_(Origin="http://127.0.0.1:1"),
        "a fetch across sites": with_(Sec_Fetch_Site="cross-site"),
    }


def test_no_route_answers_a_stranger(shared):
    """Every route, every method, twenty wrong ways: no success, nothing but JSON."""
    server = shared[0]
    wrong = variants(server)
    answered = []
    asked = 0
    for path in PATHS:
        for method in METHODS:
            for name, headers in wrong.items():
                status, _, body = server.ask(method, path, b"{}", headers)
                asked += 1
                if status not in {400, 401, 403, 405}:
                    answered.append((method, path, name, status))
                if body:
                    assert set(json.loads(body)["error"]) == {"code", "message"}

    assert len(wrong) == 20
    assert asked >= 1000
    assert answered == []


def test_who_knows_the_token_is_answered(shared):
    """The same question without what was wrong: the refusals above mean something."""
    status, headers, _ = shared[0].ask("GET", "/api/v1/runs")

    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers


@pytest.mark.parametrize(
    ("content_type", "accepted"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data", False),
        ("", False),
    ],
)
def test_what_a_form_can_send_is_refused(shared, content_type, accepted):
    """A page could send it to another site without asking."""
    server = shared[0]
    headers = {**server.header, "Content-Type": content_type}
    path = f"/api/v1/runs/{ID}/cancel"

    status, _, _ = server.ask("POST", path, b"{}", headers)

    assert status in ({404} if accepted else {400, 415})


def test_it_listens_on_this_machine_only(shared):
    """One socket, on loopback."""
    sockets = psutil.Process(shared[0].process.pid).net_connections()
    listening = {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}

    assert listening == {"127.0.0.1"}


def test_a_port_that_is_taken_is_named(shared):
    """A second server of the workspace does not start; one line says why."""
    second = subprocess.run(
        [Path(sys.executable).with_name("azml"), "serve-api"],
        cwd=shared[1].folder.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert "cannot be listened on" in second.stderr


def test_the_token_is_for_its_owner_only(shared):
    """32 random bytes in a file that nobody else may read."""
    file = shared[1].folder.api_token

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) == 43


def place(datastore, path):
    """Return a body that assigns a place."""
    assigned = {"DataStoreName": datastore, "RelativePath": path}
    body = {"ExperimentName": "e", "DataPathAssignments": {"place": assigned}}
    return json.dumps(body).encode()


BAD_BODIES = [
    (b"", "nothing"),
    (b"{", "half of JSON"),
    (b"[]", "a list"),
    (b"{}", "no experiment"),
    (b'{"ExperimentName": 7}', "a number for a name"),
    (b'{"ExperimentName": "a b"}', "a name that is not allowed"),
    (b'{"ExperimentName": "e", "ParameterAssignments": []}', "a list of values"),
    (b'{"ExperimentName": "e", "ParameterAssignments": {"size": "x"}}', "no number"),
    (b'{"ExperimentName": "e", "ParameterAssignments": {"size": {}}}', "an object"),
    (
        b'{"ExperimentName": "e", "ParameterAssignments": {"texts": "/etc"}}',
        "a path of this machine",
    ),
    (
        place("workspaceblobstore", "../../x"),
        "a path that leaves its datastore",
    ),
    (
        place("unknown", "x"),
        "an unknown datastore",
    ),
    (b"\xff\xfe", "no text"),
    (b"[" * 100_000, "too deep"),
]


@pytest.mark.parametrize(
    "body", [pytest.param(body, id=why) for body, why in BAD_BODIES]
)
def test_a_bad_body_is_answered_in_one_line(shared, body):
    """With a code and what is wrong; never a traceback, and nothing is started."""
    server, workspace, path = shared

    status, _, content = server.ask("POST", path, body)

    error = json.loads(content)["error"]
    assert (status, error["code"]) == (400, "bad_request")
    assert "\n" not in error["message"]
    assert "Traceback" not in error["message"]
    assert len(error["message"]) < 400
    assert workspace.catalog.runs.newest_first() == []


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/runs/{ID}",
        "/api/v1/runs/..",
        "/api/v1/runs/%2e%2e%2f%2e%2e",
        "/api/v1/runs/a%00b",
        f"/api/v1/pipelines/{ID}",
        "/api/v1/runs/;x",
        "/etc/passwd",
    ],
)
def test_what_is_no_id_is_not_found(shared, path):
    """An id never becomes a path."""
    status, _, content = shared[0].ask("GET", path)

    assert status == 404
    assert json.loads(content)["error"]["code"] == "not_found"


def test_a_large_body_is_refused(shared):
    """Values are names and numbers; a megabyte is more than enough."""
    server, _, path = shared

    try:
        status, _, _ = server.ask("POST", path, b" " * (2 << 20))
    except (ConnectionError, OSError):
        status = 413

    assert status in {400, 413}
    assert server.json("GET", "/api/v1/runs")[0] == 200


def test_the_description_names_every_route(shared):
    """OpenAPI's paths are the routes."""
    _, document = shared[0].json("GET", "/api/v1/openapi.json")
    routes = {
        re.sub(r"\\(.)", r"\1", pattern).replace("([^/]+)", "{id}")
        for pattern, _ in ROUTES
    }

    assert set(document["paths"]) == routes
    assert document["openapi"] == "3.1.0"
