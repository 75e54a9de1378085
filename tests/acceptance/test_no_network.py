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


CALLS = "connect,sendto,sendmsg,sendmmsg"
"""To connect a datagram socket sends nothing: Dask so asks for its own address."""
INTERNET = ("AF_INET,", "AF_INET6,")


def tracing_works() -> bool:
    """Whether this system lets a user watch the calls of his own processes."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(
        ["strace", "-f", "-e", "trace=none", "true"],
        check=False,
        capture_output=True,
        timeout=10,
    )
    return tried.returncode == 0


def leaves_the_machine(call: str) -> bool:
    """Whether a traced call connects to somebody else, or sends him something."""
    if any(home in call for home in ('"127.', '"::1"', "->127.", "->[::1]")):
        return False
    if " connect(" in call:
        return any(family in call for family in INTERNET) and "<UDP" not in call
    return "<UDP" in call or "<TCP" in call or any(one in call for one in INTERNET)


@pytest.mark.parametrize(
    ("call", "leaves"),
    [
        (
            '7 connect(3<TCP:[1]>, {sa_family=AF_INET, sin_addr="9.9.9.9"}, 16) = 0',
            True,
        ),
        (
            '7 connect(3<UDP:[1]>, {sa_family=AF_INET, sin_addr="9.9.9.9"}, 16) = 0',
            False,
        ),
        ('7 connect(3<TCP:[1]>, {sa_family=AF_INET, sin_addr="127.0.0.1"}) = 0', False),
        ("7 sendto(3<UDP:[10.0.0.1:5->9.9.9.9:53]>, x, 1, 0, NULL, 0) = 1", True),
        ('7 sendto(3<UDP:[1]>, x, 1, 0, {sa_family=AF_INET, "9.9.9.9"}, 16) = 1', True),
        ("7 sendto(3<TCP:[127.0.0.1:5->127.0.0.1:6]>, x, 1, 0, NULL, 0) = 1", False),
        ("7 sendto(3<UNIX-STREAM:[1->2]>, x, 1, 0, NULL, 0) = 1", False),
        ('7 connect(3<UNIX:[1]>, {sa_family=AF_UNIX, sun_path="x"}, 9) = 0', False),
    ],
)
def test_the_watch_sees_who_is_called(call, leaves):
    """A watch that sees nothing proves nothing."""
    assert leaves_the_machine(call) is leaves


def test_nobody_is_called(script, tmp_path):
    """No process of a run connects to anything but this machine."""
    if not tracing_works():
        pytest.skip("NOT RUN: strace is missing or not allowed here")
    trace = tmp_path / "trace.txt"
    watch = ["strace", "-f", "--seccomp-bpf", "-yy", "-qq", "-e", f"trace={CALLS}"]
    done = subprocess.run(
        [*watch, "-o", str(trace), *script],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    calls = trace.read_text().splitlines()
    outside = [line for line in calls if leaves_the_machine(line)]
    print(f"calls {len(calls)} | to elsewhere {len(outside)}")

    assert "Finished" in done.stdout, done.stderr
    assert outside == []


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
