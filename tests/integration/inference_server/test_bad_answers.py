"""H1, H2 and D17: a server that answers badly costs its mini-batch, nothing else."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from azml_pipelines.worker.entry import MiniBatchContext
from azml_pipelines.worker.inference_server import client as client_module
from azml_pipelines.worker.inference_server.client import TOKEN_HEADER
from azml_pipelines.worker.inference_server.conversation import ScoringError
from azml_pipelines.worker.inference_server.process import (
    TOKEN_VARIABLE,
    ServerFailedError,
)
from azml_pipelines.worker.inference_server.results import BadResponseError

CONTEXT = MiniBatchContext(0)
SOMEBODY = 65534
PROGRAM = r"""
import json, os, socket, sys, threading, time

how = json.loads(sys.argv[1])
log = open(sys.argv[2], "a", buffering=1)
HEAD = "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
GOOD = b'{"predictions": [1]}'

def answer(connection, status, body=GOOD, more=""):
    head = HEAD % status + more + f"Content-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)

def begin(connection, header):
    connection.sendall((HEAD % "200 OK" + header + "\r\n\r\n").encode())

def misbehave(connection):
    kind = how["answer"]
    if kind.isdigit():
        answer(connection, kind + " No", b"told to")
    elif kind == "empty":
        answer(connection, "200 OK", b"")
    elif kind == "half JSON":
        answer(connection, "200 OK", b'{"predictions": [1')
    elif kind == "wrong count":
        answer(connection, "200 OK", b'{"predictions": [1, 2, 3]}')
    elif kind == "chunked for ever":
        begin(connection, "Transfer-Encoding: chunked")
        while True:
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.02)
    elif kind == "1 GB":
        begin(connection, "Content-Length: 1073741824")
        piece = b"x" * (1 << 20)
        for _ in range(1024):
            connection.sendall(piece)
    elif kind == "redirect":
        place = f"Location: http://{how['to']}/latest/meta-data\r\n"
        answer(connection, "302 Found", b"", place)
    elif kind == "cut off":
        begin(connection, "Content-Length: 99")
        connection.sendall(b"{")
        connection.shutdown(socket.SHUT_RDWR)
    elif kind == "no HTTP":
        connection.sendall(b"what?\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)
    elif kind == "nothing":
        connection.shutdown(socket.SHUT_RDWR)

def serve(connection):
    with connection.makefile("rb") as reader:
        while line := reader.readline():
            length = 0
            while (header := reader.readline().strip()):
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = reader.read(length)
            if b"/ping" in line:
                answer(connection, how.get("ping", "200 OK"), b"")
            elif b"/invocations" not in line:
                answer(connection, "404 Not Found", b"")
            else:
                log.write(json.dumps({"body": body.decode()}) + "\n")
                if body.strip() == b"bad":
                    misbehave(connection)
                else:
                    answer(connection, "200 OK")

print("loading the model", flush=True)
time.sleep(how.get("slow", 0))
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
"""


@pytest.fixture
def program(tmp_path):
    """Return the path of a server that speaks HTTP only as far as it is told to."""
    path = tmp_path / "server.py"
    path.write_text(PROGRAM)
    return path


def asked(tmp_path) -> int:
    """Return how many bad requests have reached the server."""
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    return sum(json.loads(line)["body"].strip() == "bad" for line in lines)


@pytest.mark.parametrize(
    ("answer", "requests", "said"),
    [
        pytest.param("500", 2, "answered 500: told to", id="500"),
        pytest.param("503", 4, "answered 503", id="503"),
        pytest.param("413", 1, "larger than the server takes", id="413"),
        pytest.param("415", 1, "answered 415", id="415"),
        pytest.param("empty", 1, "is not the application/json", id="an empty body"),
        pytest.param("half JSON", 1, "is not the application/json", id="half JSON"),
        pytest.param(
            "chunked for ever", 1, "did not answer in time", id="chunked for ever"
        ),
        pytest.param("wrong count", 1, "count mismatch: 1 records", id="wrong count"),
        pytest.param("1 GB", 1, "more than 33554432 bytes", id="1 GB"),
        pytest.param("redirect", 1, "answered 302", id="a redirect"),
        pytest.param("cut off", 4, "IncompleteRead", id="an answer that is cut off"),
        pytest.param("no HTTP", 4, "BadStatusLine", id="no HTTP at all"),
        pytest.param("nothing", 4, "RemoteDisconnected", id="no answer"),
    ],
)
def test_bad_answers(make_entry, files, tmp_path, monkeypatch, answer, requests, said):
    """Each fails its mini-batch by rule and in time; the next one has its result."""
    monkeypatch.setattr(client_module, "_MOST_BYTES", 32 << 20)
    monkeypatch.setattr(client_module, "_BACK_OFF_SECONDS", (0.01, 0.01, 0.01))
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        to = f"127.0.0.1:{trap.getsockname()[1]}"
        entry = make_entry(
            json.dumps({"answer": answer, "to": to}),
            invocations_timeout_in_seconds=3,
            split_type="Line" if answer == "wrong count" else "None",
        )
        entry.init()
        began, before = time.monotonic(), memory()

        with pytest.raises((ScoringError, BadResponseError), match=re.escape(said)):
            entry.run(files(a=b"bad"), CONTEXT)
        with pytest.raises(BlockingIOError):
            trap.accept()

    assert time.monotonic() - began < 10
    assert memory() - before < 100 << 20
    assert requests == asked(tmp_path)
    assert ["0,1,b.csv"] == entry.run(files(b=b"good"), CONTEXT).rows


def memory() -> int:
    """Return the most bytes that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def test_the_way_to_the_cloud_is_not_taken(make_entry, files, tmp_path):
    """A redirect to the address where clouds keep credentials is a refusal."""
    entry = make_entry(json.dumps({"answer": "redirect", "to": "169.254.169.254"}))
    entry.init()
    began = time.monotonic()

    with pytest.raises(ScoringError, match="answered 302"):
        entry.run(files(a=b"bad"), CONTEXT)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param({"ping": "404 No"}, "with 404", id="never ready"),
        pytest.param({"ping": "500 No"}, "with 500", id="500"),
        pytest.param({"slow": 60}, "with nothing", id="slow"),
    ],
)
def test_a_server_that_is_not_ready_in_time(make_entry, how, said):
    """It is waited for that long, and what it has printed is shown."""
    entry = make_entry(json.dumps(how), startup_timeout=3)
    began = time.monotonic()

    with pytest.raises(ServerFailedError, match=said) as caught:
        entry.init()
    assert time.monotonic() - began < 5
    assert "it last printed: loading the model" in str(caught.value)


def test_a_connection_that_has_slept_too_long(make_entry, files):
    """A server may close it while nobody asks; the next request opens another."""
    entry = make_entry("{}", invocations_max_retries=0)
    entry.init()
    entry.run(files(a=b"1"), CONTEXT)
    [client] = entry._conversation._clients
    client._connection.sock.shutdown(socket.SHUT_RDWR)

    assert ["0,1,b.csv"] == entry.run(files(b=b"1"), CONTEXT).rows


STRANGER = """
import os, socket, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(os.getpid(), flush=True)
os.close(1)
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    body = b'{"predictions": [666]}'
    head = "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
    head += f"Content-Length: {len(body)}\\r\\n\\r\\n"
    connection.sendall(head.encode() + body)
"""


def test_who_takes_the_port_of_a_dead_server_is_not_believed(make_entry, files):
    """Its answers are none: a new server has another port."""
    entry = make_entry("{}")
    entry.init()
    server = entry._conversation._server
    os.kill(server._process.pid, signal.SIGKILL)
    server._process.wait()
    stranger = subprocess.run(
        [sys.executable, "-c", STRANGER, str(server.port)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    try:
        rows = entry.run(files(a=b"1"), CONTEXT).rows
    finally:
        os.kill(int(stranger.stdout), signal.SIGKILL)

    assert ["0,1,a.csv"] == rows
    assert server.port != entry._conversation._server.port


LEAVES_SOMETHING = """
import os, subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)  # left-behind"],
    start_new_session=True,
)
"""


def test_what_a_server_leaves_behind_ends_with_it(make_entry, program):
    """Also a process that has left its group, and lost its parent."""
    program.write_text(LEAVES_SOMETHING + PROGRAM)
    entry = make_entry("{}")
    entry.init()
    server = entry._conversation._server
    children = psutil.Process(server._process.pid).children()
    entry.shutdown()
    _, alive = psutil.wait_procs(children, timeout=3)

    assert len(children) == 1
    assert alive == []


@pytest.fixture
def our_server(tmp_path):
    """Our own server, started as a worker process starts it."""
    script = tmp_path / "score.py"
    script.write_text("def run(mini_batch): return mini_batch.sum(axis=1)\n")
    environment = {
        **os.environ,
        TOKEN_VARIABLE: "of-this-start",
        "SAGEMAKER_BIND_TO_PORT": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "azml_pipelines.cli", "serve", "--script", str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    address = process.stdout.readline().strip()
    yield address
    process.terminate()
    process.wait(20)
    process.stdout.close()


def test_another_user_gets_nothing(our_server):
    """Without the token of this start it is 401, whoever asks; and on loopback only."""
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: only root can become another user")
    host, _, port = our_server.removeprefix("http://").partition(":")
    code = (
        "import http.client, sys\n"
        f"asked = http.client.HTTPConnection({host!r}, {port})\n"
        "for path in ('/ping', '/execution-parameters', '/invocations'):\n"
        "    asked.request('POST' if path[1] == 'i' else 'GET', path, b'1,2')\n"
        "    answer = asked.getresponse(); answer.read()\n"
        "    print(answer.status)\n"
    )
    found = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", code],
        user=SOMEBODY,
        group=SOMEBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=True,
        text=True,
    )

    assert host == "127.0.0.1"
    assert found.stdout.split() == ["401", "401", "401"]


def test_the_worker_knows_the_token(our_server):
    """The header that it sends with each request opens the door."""
    port = int(our_server.rpartition(":")[2])
    asked = http.client.HTTPConnection("127.0.0.1", port)
    deadline = time.monotonic() + 20
    status = 0
    while status != 200 and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):
            asked.request("GET", "/ping", headers={TOKEN_HEADER: "of-this-start"})
            answer = asked.getresponse()
            answer.read()
            status = answer.status
        threading.Event().wait(0.05)
    asked.close()

    assert status == 200
