"""``azml serve``: real requests, real crashes, and an end that loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """
import ctypes, os, subprocess, sys, time
calls = 0

def init():
    if os.environ.get("SLOW_START"):
        time.sleep(float(os.environ["SLOW_START"]))
    print("loaded", sys.argv[1:], os.environ.get("SECRET_THING"))

def run(mini_batch):
    global calls
    calls += 1
    if isinstance(mini_batch, list):
        with open(mini_batch[0], "rb") as file:
            return [f"{os.path.basename(mini_batch[0])}: {len(file.read())}"]
    what = mini_batch.columns[0]
    if what == "calls":
        return [calls] * len(mini_batch)
    if what == "pid":
        return [os.getpid()]
    if what == "raise":
        raise ValueError("no such digit")
    if what == "escape":
        told = "a\\x1b]0;b\\x07\\x9b31m "
        raise ValueError(told + os.environ.get("SECRET_THING", ""))
    if what == "names":
        return list(os.environ)
    if what == "crash":
        ctypes.string_at(0)
    if what == "exit":
        os._exit(0)
    if what == "spin":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        sum(range(10**13))
    if what == "sleep":
        time.sleep(float(mini_batch["sleep"][0]))
    if what == "none":
        return None
    return mini_batch.sum(axis=1)

def shutdown():
    print("bye")
"""


@dataclass(frozen=True)
class Server:
    """A running ``azml serve``, and how it is asked."""

    process: subprocess.Popen[str]
    port: int
    errors: Path

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """Send one request on a connection of its own; return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def invoke(self, column: str, *values: object) -> tuple[int, str]:
        """Send a table with one column."""
        text = "\n".join([column, *(str(value) for value in values), ""])
        return self.ask(
            "POST", "/invocations", text.encode(), {"Content-Type": "text/csv"}
        )

    def wait_ready(self) -> None:
        """Wait until /ping says so."""
        deadline = time.monotonic() + 30
        while self.ask("GET", "/ping")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        """Return the server and every process below it."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]


@contextmanager
def running(folder: Path, *options: str, **variables: str) -> Iterator[Server]:
    """Serve the script above; none of the processes may be left."""
    script, errors = folder / "score.py", folder / "errors.txt"
    script.write_text(SCRIPT)
    family: list[psutil.Process] = []
    azml = str(Path(sys.executable).with_name("azml"))
    with errors.open("w") as file:
        process = subprocess.Popen(
            [azml, "serve", "--script", str(script), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            env={**os.environ, **variables},
        )
    assert process.stdout is not None
    with process.stdout:
        try:
            url = process.stdout.readline().strip()
            yield Server(process, int(url.rpartition(":")[2]), errors)
        finally:
            if process.poll() is None:
                family = psutil.Process(process.pid).children(recursive=True)
                process.terminate()
            process.wait(45)
    _, alive = psutil.wait_procs(family, timeout=3)

    assert not alive


@pytest.fixture
def serve(tmp_path):
    """Start a server in the folder of this test."""
    return partial(running, tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for all requests that leave it as it was."""
    with running(tmp_path_factory.mktemp("shared"), "--timeout", "2") as server:
        server.wait_ready()
        yield server


def test_tables_and_files_are_answered(serve):
    """By one process, which keeps its state between requests."""
    png = {
        "Content-Type": "image/png",
        "X-Amzn-SageMaker-Custom-Attributes": "a=b, file=7.png",
    }
    with serve("--workers", "1", "--", "serve", "--level", "3") as server:
        server.wait_ready()

        assert (200, '{"predictions":[3,7]}') == server.ask(
            "POST",
            "/invocations",
            b"a,b\n1,2\n3,4\n",
            {"Content-Type": "text/csv", "Accept": "*/*"},
        )
        assert (200, '{"predictions":["7.png: 6"]}') == server.ask(
            "POST", "/invocations", b"pixels", png
        )
        assert (200, '{"predictions":[3]}') == server.invoke("calls", 1)
        assert (200, "") == server.ask("GET", "/ping")
        status, offer = server.ask("GET", "/execution-parameters")
        assert 200 == status
        assert {
            "MaxConcurrentTransforms": 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": 6,
        } == json.loads(offer)
        assert "loaded ['--level', '3']" in server.errors.read_text()


@pytest.mark.parametrize(
    ("column", "status", "said"),
    [
        ("raise", 500, "ValueError: no such digit (score.py:"),
        ("none", 500, "run() returned NoneType; expected a list"),
        ("crash", 500, "signal SIGSEGV"),
        ("exit", 500, "exit code 0"),
        ("spin", 504, "took longer than 2 s and was killed"),
    ],
)
def test_a_bad_request_costs_only_itself(shared, column, status, said):
    """Its caller hears what happened in one line; the next one is answered."""
    found, body = shared.invoke(column, 1)
    error = json.loads(body)["error"]

    assert status == found
    assert said in error
    assert "\n" not in error
    assert "Traceback" not in error
    assert (200, '{"predictions":[5]}') == shared.invoke("a", 5)


def test_it_answers_pings_while_run_is_busy(shared):
    """The loop never waits for user code, even where that holds the interpreter."""
    busy = threading.Thread(target=shared.invoke, args=("spin", 1))
    busy.start()
    pings = 0
    while busy.is_alive():
        assert (200, "") == shared.ask("GET", "/ping")
        pings += 1

    assert pings > 10


def test_several_processes_answer_at_the_same_time(serve):
    """Two requests of a second each end together."""
    with serve("--workers", "2") as server:
        server.wait_ready()
        server.invoke("sleep", 0.5)  # both have been up for a while then
        begun = time.monotonic()
        threads = [
            threading.Thread(target=server.invoke, args=("sleep", 1)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert time.monotonic() - begun < 1.9


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("GET", "/invocations", {}, 405, id="wrong method"),
        pytest.param("POST", "/ping", {}, 405, id="the same for ping"),
        pytest.param("GET", "/", {}, 404, id="no such path"),
        pytest.param("GET", "/ping", {"Host": "evil.example"}, 403, id="foreign name"),
        pytest.param(
            "POST", "/invocations", {"Origin": "http://x"}, 403, id="web page"
        ),
        pytest.param(
            "POST",
            "/invocations",
            {"Content-Type": "text/csv", "Accept": "image/png"},
            406,
            id="nothing it takes",
        ),
        pytest.param(
            "POST", "/invocations", {"Content-Type": "text/csv"}, 400, id="no body"
        ),
    ],
)
def test_what_is_not_understood_is_refused(shared, method, path, headers, status):
    """With the right number and one line of JSON."""
    body = b"" if method == "POST" else None
    found, text = shared.ask(method, path, body, headers)

    assert status == found
    assert json.loads(text)["error"]


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_a_body_over_the_limit_is_refused(serve, chunked):
    """Whether its length is announced or not; one at the limit is taken."""
    with serve("--max-payload", "1", "--items", "file") as server:
        server.wait_ready()
        body = bytes(1 << 20)

        def sent(data: bytes) -> tuple[int, str]:
            given = iter([data]) if chunked else data
            return server.ask("POST", "/invocations", given)

        assert (200, '{"predictions":["000000.bin: 1048576"]}') == sent(body)
        status, text = sent(body + b"x")
        assert 413 == status
        assert "larger than 1048576 bytes" in text


def test_a_token_is_asked_for(serve):
    """Every route wants it, and a wrong one is none."""
    with serve("--token", "env:THE_TOKEN", THE_TOKEN="s3cret") as server:
        right = {"Authorization": "Bearer s3cret"}
        deadline = time.monotonic() + 30
        while server.ask("GET", "/ping", headers=right)[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for path in ("/ping", "/invocations", "/execution-parameters", "/nothing"):
            for wrong in ({}, {"Authorization": "Bearer no"}, {"Authorization": "é"}):
                assert 401 == server.ask("GET", path, headers=wrong)[0]


def test_it_says_when_the_model_is_not_loaded_yet(serve):
    """503 before the end of init(), 200 behind it."""
    with serve("-e", "SLOW_START=1.5") as server:
        status, text = server.ask("GET", "/ping")

        assert (503, '{"error":"the model is being loaded"}') == (status, text)
        server.wait_ready()


def test_sigterm_finishes_what_is_in_hand(serve):
    """The request is answered, shutdown() is called, the exit code is 0."""
    with serve() as server:
        server.wait_ready()
        answers: list[tuple[int, str]] = []
        waiting = threading.Thread(
            target=lambda: answers.append(server.invoke("sleep", 1))
        )
        waiting.start()
        time.sleep(0.4)
        server.process.send_signal(signal.SIGTERM)
        waiting.join()
        server.process.wait(15)

        assert [(200, '{"predictions":[1]}')] == answers
        assert 0 == server.process.returncode
        assert "bye" in server.errors.read_text()


def test_nothing_outlives_a_killed_server(serve):
    """Not even code that cannot be stopped, and its children."""
    with serve("--workers", "2") as server:
        server.wait_ready()

        def ask_in_vain() -> None:
            with pytest.raises((OSError, http.client.HTTPException)):
                server.invoke("spin", 1)

        thread = threading.Thread(target=ask_in_vain)
        thread.start()
        deadline = time.monotonic() + 20
        # The server, its fork server, two model processes and the child of one.
        while len(family := server.family()) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        server.process.kill()
        _, alive = psutil.wait_procs(family, timeout=3)
        thread.join()

        assert 5 == len(family)
        assert not alive


def test_an_init_that_keeps_failing_ends_the_server(serve):
    """With the user's own line in one of ours."""
    with serve("-e", "SLOW_START=soon") as server:
        server.process.wait(30)
        last = server.errors.read_text().splitlines()[-1]

        assert 1 == server.process.returncode
        assert "init() failed 3 times, last with ValueError" in last
        assert "score.py:7 in init" in last


def test_a_secret_reaches_the_script_and_no_log(serve):
    """The script has its value; what it prints is its own business, not ours."""
    with serve("-e", "SECRET_THING=env:HIDDEN", HIDDEN="hunter2-secret") as server:
        server.wait_ready()
        server.invoke("raise", 1)
        text = server.errors.read_text()

        assert "loaded [] hunter2-secret" in text
        assert 1 == text.count("hunter2")


def test_what_a_script_raises_cannot_steer_the_terminal(serve):
    """A caller may choose the text: control characters come out as escapes."""
    with serve("-e", "SECRET_THING=env:HIDDEN", HIDDEN="hunter2-secret") as server:
        server.wait_ready()
        status, body = server.invoke("escape", 1)
        _, missing = server.ask("GET", "/AccountKey=YWNjb3VudC1rZXk5")
        text = server.errors.read_text().partition("Traceback")[2]

        assert 500 == status
        assert "hunter2" not in body + text
        assert "a\\x1b]0;b\\x07\\x9b31m ***" in text
        assert all(line.isprintable() for line in text.split("\n"))
        assert {"error": "there is no /AccountKey=***"} == json.loads(missing)


def test_a_model_process_gets_nothing_of_the_shell(serve, shell_keys):
    """What workers inherit and what is declared."""
    with serve("-e", "COLOUR=blue") as server:
        server.wait_ready()
        status, body = server.invoke("names", 1)

        assert 200 == status
        assert "COLOUR" in body
        assert "PATH" in body
        assert [] == [name for name in shell_keys if name in body]
