"""A worker takes bundles, and says of every mini-batch what came of it."""

from __future__ import annotations

import io
import socket
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

from azml_pipelines.data.loading import FileInput, TableInput
from azml_pipelines.data.minibatch import split_files
from azml_pipelines.data.operations import Operation
from azml_pipelines.data.output_action import AppendRow
from azml_pipelines.data.table import Table
from azml_pipelines.worker.frames import FrameReader, send_frame
from azml_pipelines.worker.loop import Worker
from azml_pipelines.worker.messages import (
    BUNDLE,
    BUNDLE_DONE,
    FAILED,
    INIT_FAILED,
    READY,
    STOP,
    STORE_FAILED,
    Bundle,
    FailedTry,
    UserError,
)
from azml_pipelines.worker.page import Page, unpack_records
from azml_pipelines.worker.part_file import PartFile
from azml_pipelines.worker.user_errors import UserErrors

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Recorder:
    """An entry that remembers what it was called with."""

    answer: Callable[[Any], Any] = list
    on_init: Callable[[], None] = lambda: None
    on_shutdown: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def init(self):
        self.calls.append("init")
        self.on_init()

    def run(self, mini_batch, context):
        self.calls.append("run")
        self.contexts.append(context)
        return self.answer(mini_batch)

    def shutdown(self):
        self.calls.append("shutdown")
        self.on_shutdown()


@dataclass
class Served:
    """What a worker has said and done."""

    code: int
    frames: list[tuple[int, bytes]]
    records: list[Any]
    rows: bytes

    @property
    def kinds(self):
        """The kinds of the frames, in order."""
        return [kind for kind, _ in self.frames]

    @property
    def failures(self):
        """The failed tries, in order."""
        return [
            FailedTry.decode(payload) for kind, payload in self.frames if kind == FAILED
        ]


@pytest.fixture
def serve(tmp_path):
    """Give a worker bundles that wait for it already, and let it work to its end."""

    def serve(entry, *bundles, stop=True, inputs=None, parts="."):
        ours, theirs = socket.socketpair()
        page = entry.page = Page.create()
        part = tmp_path / parts / "a.part"
        with ours, theirs:
            for bundle in bundles:
                send_frame(ours, BUNDLE, bundle.encode())
            if stop:
                send_frame(ours, STOP)
            ours.shutdown(socket.SHUT_WR)
            worker = Worker(
                theirs,
                page,
                entry=entry,
                inputs=inputs or [FileInput("/data")],
                action=AppendRow(),
                part=PartFile(str(part.parent), part.name),
                errors=UserErrors(str(tmp_path), str(tmp_path / "errors.txt")),
            )
            code = worker.serve()
            theirs.close()
            reader = FrameReader(ours)
            frames = []
            while (frame := reader.read()) is not None:
                frames.append(frame)
        last = bundles[-1] if bundles else Bundle(0, 0, 1, b"")
        records = list(unpack_records(page.records(last.first, last.count)))
        page.close()
        rows = part.read_bytes() if part.exists() else b""
        return Served(code, frames, records, rows)

    return serve


def bundle(*mini_batches, first=0, attempt=1):
    """Return a bundle of mini-batches that are lists of paths."""
    lines = [
        line for paths in mini_batches for _, line in split_files(0, paths, len(paths))
    ]
    return Bundle(first, len(lines), attempt, "".join(lines).encode())


def test_a_bundle_is_worked_through(serve):
    """Absolute paths in, rows and records out, one answer for the whole bundle."""
    served = serve(Recorder(), bundle(["a", "b"], ["c"], first=7))
    first, second = served.records

    assert served.code == 0
    assert served.kinds == [READY, BUNDLE_DONE]
    assert served.rows == b"/data/a\n/data/b\n/data/c\n"
    assert (first.mini_batch, first.rows, first.items) == (7, 2, 2)
    assert (second.offset, second.length) == (16, 8)
    assert second.crc == crc32(b"/data/c\n")


def test_the_rest_of_a_bundle_goes_back_when_it_is_wanted(serve):
    """After the mini-batch at hand, and never without having run one."""
    entry = Recorder()

    def recall(mini_batch):
        entry.page.recall()
        return mini_batch

    entry.answer = recall
    served = serve(entry, bundle(["a"], ["b"], ["c"], first=7))

    assert (BUNDLE_DONE, b"2") == served.frames[-1]
    assert [7] == [one.mini_batch for one in served.records]
    assert served.rows == b"/data/a\n"


def test_a_recall_is_for_one_bundle(serve):
    """The next one is worked through, and records of an earlier one do not count."""
    entry = Recorder()
    calls = iter(range(9))

    def recall(mini_batch):
        if next(calls) == 3:
            entry.page.recall()
        return mini_batch

    entry.answer = recall
    three = bundle(["a"], ["b"], ["c"])
    served = serve(entry, three, three, bundle(["d"], first=1))

    assert [b"0", b"2", b"0"] == [
        payload for kind, payload in served.frames if kind == BUNDLE_DONE
    ]
    assert len(entry.calls) == 3 + 1 + 1 + 2


def test_init_once_then_run_then_shutdown(serve):
    """The order of an entry's life."""
    entry = Recorder()
    serve(entry, bundle(["a"]), bundle(["b"], first=1))

    assert entry.calls == ["init", "run", "run", "shutdown"]


def test_the_context_tells_index_and_attempt(serve):
    """Of each mini-batch by itself."""
    entry = Recorder()
    serve(entry, bundle(["a"], ["b"], first=4, attempt=3))

    assert [(4, 3), (5, 3)] == [
        (one.minibatch_index, one.attempt) for one in entry.contexts
    ]


def test_when_the_agent_is_gone_there_is_no_shutdown(serve):
    """Nobody waits for it any more."""
    entry = Recorder()
    served = serve(entry, bundle(["a"]), stop=False)

    assert served.code == 0
    assert "shutdown" not in entry.calls


@pytest.mark.parametrize(
    "error", [ValueError("no model"), SystemExit(3), KeyboardInterrupt()]
)
def test_a_failing_init_is_told(serve, error):
    """As text, and then the process ends."""

    def fail():
        raise error

    served = serve(Recorder(on_init=fail), stop=False)

    assert served.code == 1
    assert served.kinds == [INIT_FAILED]
    assert UserError.decode(served.frames[0][1]).message == str(error)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(lambda _: 1 / 0, "exception", id="raises"),
        pytest.param(lambda _: sys.exit(3), "exception", id="wants to exit"),
        pytest.param(lambda _: None, "wrong return", id="nothing"),
        pytest.param(lambda _: "text", "wrong return", id="text"),
        pytest.param(lambda _: ["\ud800"], "exception", id="no UTF-8"),
    ],
)
def test_a_failed_try_harms_only_itself(serve, answer, reason):
    """Its neighbours succeed in the same process, in their first try."""
    entry = Recorder(lambda paths: answer(paths) if "/data/bad" in paths else paths)
    served = serve(entry, bundle(["a"], ["bad", "worse"], ["c"], first=3, attempt=2))
    (failed,) = served.failures

    assert served.kinds == [READY, FAILED, BUNDLE_DONE]
    assert (failed.mini_batch, failed.attempt, failed.items) == (4, 2, 2)
    assert failed.reason == reason
    assert failed.charged
    assert [3, 5] == [record.mini_batch for record in served.records]
    assert served.rows == b"/data/a\n/data/c\n"


def test_failures_are_kept_in_full(serve, tmp_path):
    """The error file of the process says which mini-batch and which try."""
    serve(Recorder(lambda _: 1 / 0), bundle(["a"], first=5, attempt=2))

    text = (tmp_path / "errors.txt").read_text()

    assert text.startswith("mini-batch 5, try 2: Traceback")
    assert "ZeroDivisionError" in text


def test_a_mini_batch_that_cannot_be_read_fails_alone(serve, tmp_path):
    """Nobody knows its items; ``run()`` is not called for it."""
    (tmp_path / "b.csv").write_text("x\n1\n2\n")
    lines = b'[0,0,["a.csv",2,4]]\n[0,0,["b.csv",2,6]]\n'
    entry = Recorder(lambda frame: list(frame["x"]))
    inputs = [TableInput(str(tmp_path), Table())]
    served = serve(entry, Bundle(0, 2, 1, lines), inputs=inputs)
    (failed,) = served.failures

    assert (failed.mini_batch, failed.items) == (0, 0)
    assert failed.error.exception_type == "FileNotFoundError"
    assert entry.calls.count("run") == 1
    assert served.rows == b"1\n2\n"


def test_a_piece_without_rows(serve, tmp_path):
    """A filter has left none: ``run()`` is not called, and nothing failed."""
    (tmp_path / "a.csv").write_text("x\n1\n2\n")
    only = Operation("filter", expression=[">", ["col", "x"], 1])
    entry = Recorder(lambda frame: list(frame["x"]))
    inputs = [TableInput(str(tmp_path), Table(operations=(only,)))]
    lines = b'[0,0,["a.csv",2,4,"",[]]]\n[0,0,["a.csv",4,6,"",[]]]\n'
    served = serve(entry, Bundle(0, 2, 1, lines), inputs=inputs)

    assert [(0, 0), (1, 1)] == [(one.rows, one.items) for one in served.records]
    assert entry.calls.count("run") == 1
    assert served.rows == b"2\n"


def test_more_or_fewer_results_than_items(serve):
    """Both are successes; the record holds both numbers."""
    entry = Recorder(lambda paths: [] if len(paths) == 1 else [1, 2, 3])
    served = serve(entry, bundle(["a"], ["b", "c"]))

    assert [(0, 1), (3, 2)] == [(one.rows, one.items) for one in served.records]


def test_rows_that_cannot_be_written_are_nobodys_fault(serve):
    """The agent hears of it, and no mini-batch has failed."""
    served = serve(Recorder(), bundle(["a"]), parts="missing")

    assert served.code == 74
    assert served.kinds == [READY, STORE_FAILED]
    assert "FileNotFoundError" in served.frames[1][1].decode()
    assert served.records == []


def test_a_failing_shutdown_changes_nothing(serve, tmp_path):
    """The results stand already; the error is kept."""
    served = serve(Recorder(on_shutdown=lambda: 1 / 0), bundle(["a"]))

    assert served.code == 0
    assert served.rows == b"/data/a\n"
    assert "shutdown(): Traceback" in (tmp_path / "errors.txt").read_text()


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_script_may_close_its_streams(serve, monkeypatch, stream):
    """Its results are results all the same."""
    closed = io.StringIO()
    closed.close()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, closed if stream else None)
    served = serve(Recorder(), bundle(["a"]))
    monkeypatch.undo()

    assert served.kinds == [READY, BUNDLE_DONE]
