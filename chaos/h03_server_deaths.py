"""H3: inference servers that die, again and again.

Injected: servers that are killed by their own hand after a few requests, at a place that
moves; what dies has a request in hand, and another program may take its port at once.

Must hold: the run is Finished, every row is there once and in order, as many servers were
started as have died and more, none of them is left, and no answer came from the programs
that took the ports.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil

from azml_pipelines import (
    Dataset,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from chaos.standard_check import verify_problems
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_DEADLINE = 900
_EVERY = 4
"""Requests after which a server dies, on average."""
_PROGRAM = """
import os, random, socket, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
port = int(os.environ["PORT"])
generator = random.Random(os.getpid())
open(os.path.join(folder, "started", str(os.getpid())), "w").close()
left = generator.randrange(1, 8)

STRANGER = '''
import os, socket, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
for _ in range(200):
    try:
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        break
    except OSError:
        time.sleep(0.005)
else:
    os._exit(0)
listener.settimeout(2)
try:
    while True:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\\\\r\\\\nContent-Type: application/json\\\\r\\\\n"
            b"Content-Length: 23\\\\r\\\\n\\\\r\\\\n{\\\\"predictions\\\\": [-666]}"
        )
except TimeoutError:
    pass
'''

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        global left
        body = self.rfile.read(int(self.headers["Content-Length"]))
        left -= 1
        if left == 0:
            if generator.random() < 0.3:
                # Not one of ours: it does not inherit what marks them.
                subprocess.Popen([sys.executable, "-c", STRANGER, str(port)], env={})
            os._exit(generator.choice([0, 1, 9]))
        self.answer(b'{"predictions": [%d]}' % (int(body) ** 2))

ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def run(lab: Lab, size: Size) -> Verdict:
    """Let servers die."""
    verdict = Verdict()
    wanted = size.of(10, 30, 100)
    folder = lab.fresh_folder("servers")
    (folder / "started").mkdir()
    program = folder / "server.py"
    program.write_text(_PROGRAM)
    data = folder / "data"
    data.mkdir()
    count = wanted * _EVERY + 20
    for number in range(count):
        (data / f"{number:05d}.txt").write_text(str(number))
    job = Experiment(lab.workspace, "chaos").submit(
        _pipeline(lab, folder, program, data)
    )
    status = lab.finish(job, _DEADLINE)
    rows = lab.output(job).decode().splitlines() if status == "Finished" else []
    expected = [f"0,{number**2},{number:05d}.txt" for number in range(count)]
    started = len(list((folder / "started").iterdir()))
    verdict.note(requests=count, servers=started, status=status)
    verdict.demand(status == "Finished", f"the run is {status}: {job.state().error}")
    wrong = [row for row in rows if row not in expected]
    lost = [row for row in expected if row not in rows]
    verdict.demand(
        rows == expected,
        f"rows are missing, twice, or somebody else's: {wrong[:3]} for {lost[:3]}",
    )
    verdict.demand(started > wanted, f"only {started} servers were started")
    left = [one.pid for one in psutil.process_iter() if _is_server(one, program)]
    verdict.demand(not left, f"servers are left: {left}")
    for problem in verify_problems(job):
        verdict.demand(False, problem)
    return verdict


def _pipeline(lab: Lab, folder: Path, program: Path, data: Path) -> Pipeline:
    config = ParallelRunConfig.from_inference_server(
        command=[sys.executable, str(program), str(folder)],
        content_type="text/plain",
        mini_batch_size=1,
        process_count_per_node=2,
        run_max_try=20,
    )
    step = ParallelRunStep(
        name="score",
        parallel_run_config=config,
        inputs=[Dataset.File.from_files(str(data)).as_named_input("files")],
        output=PipelineData("rows"),
        allow_reuse=False,
    )
    return Pipeline(lab.workspace, [step])


def _is_server(process: psutil.Process, program: Path) -> bool:
    try:
        return str(program) in process.cmdline()
    except psutil.Error:
        return False
