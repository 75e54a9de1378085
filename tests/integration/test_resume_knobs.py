"""A resumed run may use more nodes, processes and time; its bytes stay the same."""

from __future__ import annotations

import hashlib

FILES = 60
SCRIPT = """
import os, time

def run(mini_batch):
    time.sleep(0.02)
    return [os.path.basename(path) for path in mini_batch]
"""
EXPECTED = hashlib.sha256(
    b"".join(b"%05d.txt\n" % number for number in range(FILES))
).hexdigest()


def test_other_nodes_and_processes(job, capsys):
    """What is finished is kept; the rest runs on the new shape."""
    run = job.submit(SCRIPT, files=FILES)
    while run.state().steps[0].done_mini_batches < 5:
        pass
    run.cancel()
    run.wait_for_completion(show_output=False)
    kept = run.state().steps[0].done_mini_batches
    capsys.readouterr()

    run.resume(node_count=2, process_count_per_node=3, run_invocation_timeout=30)
    run.wait_for_completion(show_output=False)

    logs = run.folder.step(run.get_steps()[0].id).logs
    processes = {file.stem for file in logs.glob("sys/node/node001/process*.txt")}

    assert f"score: keeps {kept} finished mini-batches" in capsys.readouterr().out
    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED
    assert {"process000", "process001", "process002"} >= processes > set()


def test_more_time(job):
    """A mini-batch that was killed for taking too long gets all of its tries again."""
    slow = SCRIPT.replace("0.02", "1.5 if '00003' in mini_batch[0] else 0")
    run = job.finish(
        slow,
        files=FILES,
        run_invocation_timeout=1,
        run_max_try=1,
        allowed_failed_count=0,
    )
    before = run.get_status()

    run.resume(run_invocation_timeout=20)
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert "Failed" == before
    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED
