"""One slot in this process: bundles in, reports out, as from a node."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.compute.agent import AgentPlan
from azml_pipelines.compute.fork_server_link import ForkServerPlan
from azml_pipelines.compute.in_process import InProcessSlots
from azml_pipelines.compute.interpreter import Interpreter
from azml_pipelines.compute.runner import ProcessLimits
from azml_pipelines.errors import RunCanceledError
from azml_pipelines.worker.messages import Bundle, NodeStart, WorkerInput

SCRIPT = """
from bdb import BdbQuit

def run(mini_batch):
    name = mini_batch[0].rpartition("/")[2]
    if name == "bad":
        raise ValueError("bad item")
    if name == "stop":
        raise KeyboardInterrupt
    if name == "quit":
        raise BdbQuit
    return [name]
"""


@pytest.fixture
def make_slots(tmp_path):
    """Make the slots for a script, and close them after the test."""
    made = []

    def make(script=SCRIPT):
        snapshot = tmp_path / "snapshot"
        snapshot.mkdir()
        (snapshot / "in_process_score.py").write_text(script)
        for name in ("parts", "logs"):
            (tmp_path / name).mkdir()
        start = NodeStart(
            node="node000",
            entry_kind="script",
            source_directory=str(tmp_path / "node000"),
            entry_script="in_process_score.py",
            inputs=[WorkerInput("files", "file", "/data")],
            output_action="append_row",
            output_directory=str(tmp_path / "output"),
            parts=str(tmp_path / "parts"),
            logs=str(tmp_path / "logs"),
        )
        limits = ProcessLimits(run=1, init=1)
        server = ForkServerPlan(Interpreter("python"), tmp_path / "log.txt")
        plan = AgentPlan(start, str(snapshot), server, 4, limits, 7)
        made.append(InProcessSlots(plan))
        return made[-1]

    yield make
    for slots in made:
        slots.close()


def bundle(*names, first=0):
    """Return a bundle of mini-batches of one file each."""
    lines = b"".join(json.dumps([0, 1, [name]]).encode() + b"\n" for name in names)
    return Bundle(first, len(names), 1, lines)


def test_a_bundle_has_run_when_it_is_handed_over(make_slots, tmp_path, capsys):
    """Rows in a part of this epoch; failures in the report and on the screen."""
    slots = make_slots()
    slots.submit(bundle("a", "bad", "b", first=5))
    room = slots.has_room(waiting=1), slots.in_hand
    report = slots.next_report(0)
    done = list(report.done())
    (failed,) = report.failures

    assert (1, (False, 1), 0) == (slots.count, room, slots.in_hand)
    assert [5, 7] == [one.mini_batch for one in done]
    assert (6, "exception", "ValueError") == (
        failed.mini_batch,
        failed.reason,
        failed.error.exception_type,
    )
    assert (0, "node000.7.1.part") == (report.unstarted, report.part)
    assert b"a\nb\n" == (tmp_path / "parts" / report.part).read_bytes()
    assert "ValueError: bad item" in capsys.readouterr().err
    assert slots.next_report(0) is None


def test_init_is_reported_and_tried_again(make_slots, capsys):
    """No mini-batch is charged."""
    slots = make_slots("def init():\n    1 / 0\ndef run(batch):\n    return batch\n")
    for _ in range(2):
        slots.submit(bundle("a"))
        report = slots.next_report(0)

        assert (1, "ZeroDivisionError") == (
            report.unstarted,
            report.init_failure.exception_type,
        )


@pytest.mark.parametrize("name", ["stop", "quit"])
def test_whoever_wants_to_stop_can(make_slots, name):
    """Ctrl-C, or `quit` in the debugger; nothing is reported."""
    slots = make_slots()

    with pytest.raises(RunCanceledError):
        slots.submit(bundle("a", name, "b"))

    assert slots.next_report(0) is None
