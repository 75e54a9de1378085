"""D1, D2 and D16: a run opens no port to others and needs no network."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import shutil
import subprocess
import sys
import time

import psutil
import pytest

RUN = """
import sys
from pathlib import Path
from azml_pipelines import *

root = Path(sys.argv[1])
(root / "scripts").mkdir()
(root / "scripts" / "score.py").write_text(
    "import time\\n"
    "def run(mini_batch):\\n"
    "    time.sleep(0.05)\\n"
    "    return [len(mini_batch)]\\n"
)
(root / "texts").mkdir()
for number in range(40):
    (root / "texts" / f"{number}.txt").touch()
workspace = Workspace.create("quiet", path=root / "workspace", show_output=False)
config = ParallelRunConfig(
    environment=Environment("quiet"), entry_script="score.py", error_threshold=0,
    output_action="append_row", compute_target="local", node_count=2,
    process_count_per_node=2, mini_batch_size=1, source_directory=str(root / "scripts"),
)
texts = Dataset.File.from_files(str(root / "texts")).as_named_input("texts")
step = ParallelRunStep("quiet", config, [texts], PipelineData("rows"))
run = Experiment(workspace, "quiet").submit(Pipeline(workspace, [step]))
print(run.wait_for_completion(show_output=False))
"""


@pytest.fixture
def script(tmp_path):
    """A program that submits a run on two nodes and waits for it."""
    file = tmp_path / "submit.py"
    file.write_text(RUN)
    return [sys.executable, str(file), str(tmp_path)]


def family(folder) -> list[psutil.Process]:
    """Return every process that works for the run in ``folder``."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder) in " ".join(process.cmdline()):
                found |= {
                    one.pid: one for one in (process, *process.children(recursive=True))
                }
    return list(found.values())


def sockets(processes) -> set[tuple[str, int, str]]:
    """Return the addresses on which they wait for somebody."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            for one in process.net_connections("inet"):
                waiting = one.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}
                if waiting and not one.raddr:
                    found.add((one.laddr.ip, one.laddr.port, process.name()))
    return found


def answers_http(port: int) -> bool:
    """Whether something answers a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/status", headers={"Host": "evil.example"})
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def test_nobody_can_connect(script, tmp_path):
    """No process of a run waits for connections from elsewhere; none speaks HTTP."""
    program = subprocess.Popen(script, stdout=subprocess.PIPE, text=True)
    seen: set[tuple[str, int, str]] = set()
    asked: dict[int, bool] = {}
    processes = 0
    while program.poll() is None:
        alive = family(tmp_path)
        processes = max(processes, len(alive))
        seen |= sockets(alive)
        for _, port, _ in seen:
            asked.setdefault(port, answers_http(port))
        time.sleep(0.1)
    with program.stdout as output:
        printed = output.read()
    outside = {one for one in seen if not ipaddress.ip_address(one[0]).is_loopback}
    print(f"processes {processes} | loopback sockets {len(seen - outside)} | others "
          f"{len(outside)} | HTTP {sum(asked.values())}")  # fmt: skip

    assert "Finished" in printed
    assert processes >= 5
    assert outside == set()
    assert not any(asked.values())


def namespaces_work() -> bool:
    """Whether this system lets a user make a network of his own."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "-Urn", "true"], check=False, capture_output=True, timeout=10
    )
    return tried.returncode == 0


def test_no_network_is_needed(script):
    """A run finishes in a network namespace without any interface that is up."""
    if not namespaces_work():
        pytest.skip("NOT RUN: unshare -Urn is not allowed here")
    done = subprocess.run(
        ["unshare", "-Urn", *script], check=False, capture_output=True, text=True
    )

    assert "Finished" in done.stdout, done.stderr
