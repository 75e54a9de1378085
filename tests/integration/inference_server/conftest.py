"""A server that does what a test tells it, as a program of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from azml_pipelines.worker.inference_server.entry import InferenceServerEntry
from azml_pipelines.worker.inference_server.options import ServerOptions
from azml_pipelines.worker.messages import NodeStart, WorkerInput

PROGRAM = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

how = json.loads(sys.argv[1])
log = open(sys.argv[2], "a", buffering=1)
OURS = ("SAGEMAKER", "PORT", "AZUREML")
found = {k: v for k, v in os.environ.items() if k.startswith(OURS)}
log.write(json.dumps({"started": found, "names": list(os.environ)}) + "\\n")
if how.get("fails"):
    sys.exit(how["fails"])
time.sleep(how.get("slow_start", 0))
asked = 0

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/ping":
            self.answer(200, b"")
        elif self.path == "/execution-parameters" and "offers" in how:
            self.answer(200, json.dumps(how["offers"]).encode())
        else:
            self.answer(404, b"")
    def do_POST(self):
        global asked
        asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = body.decode("latin-1")
        log.write(json.dumps({"body": text}) + "\\n")
        lines = text.splitlines()
        if how.get("dies_at") == asked or (how.get("dies_of", "\\0") in lines):
            os._exit(9)
        if how.get("hangs_of", "\\0") in lines:
            time.sleep(600)
        if how.get("statuses"):
            status = how["statuses"].pop(0)
            if status != 200:
                return self.answer(status, b"told to")
        if len(body) > how.get("takes", 1 << 30):
            return self.answer(413, b"")
        if "bad" in lines:
            return self.answer(400, b"bad record\\n  in the middle")
        if how.get("kind") == "text/csv":
            csv = "".join(f"{len(x)}\\n" for x in lines)
            return self.answer(200, csv.encode(), "text/csv")
        found = {"predictions": [len(x) for x in lines]}
        self.answer(200, json.dumps(found).encode())

address = ("127.0.0.1", int(how.get("port", os.environ["PORT"])))
ThreadingHTTPServer(address, Handler).serve_forever()
"""


@pytest.fixture
def program(tmp_path):
    """Return the path of the program."""
    path = tmp_path / "server.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def make_entry(tmp_path, program):
    """Make entries whose servers do what a test says; they are ended with it."""
    made: list[InferenceServerEntry] = []
    (tmp_path / "nodes" / "source").mkdir(parents=True)
    (tmp_path / "output").mkdir()

    def make(how: str = "{}", *, output_action: str = "append_row", **options: object):
        log = tmp_path / "log.jsonl"
        command = (sys.executable, str(program), how, str(log))
        start = NodeStart(
            node="node000",
            entry_kind="inference_server",
            source_directory=str(tmp_path / "nodes" / "source"),
            entry_script="",
            inputs=[WorkerInput("files", "file", str(tmp_path / "in"))],
            output_action=output_action,
            output_directory=str(tmp_path / "output"),
            parts="",
            logs="",
            scratch=str(tmp_path / "scratch"),
            entry_options=ServerOptions(command, **options).encode(),
        )
        entry = InferenceServerEntry(start)
        made.append(entry)
        return entry

    yield make
    for entry in made:
        entry.shutdown()


@pytest.fixture
def files(tmp_path):
    """Write input files and return their paths."""

    def write(**contents: bytes) -> list[str]:
        paths = []
        for name, content in contents.items():
            path = Path(tmp_path, "in", *name.split("__")).with_suffix(".csv")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            paths.append(str(path))
        return paths

    return write
