"""A fork server that does not answer cannot freeze whoever speaks to it."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest

from azml_pipelines.compute import fork_server_link
from azml_pipelines.compute.fork_server_link import (
    ForkServerLink,
    ForkServerLostError,
    ForkServerPlan,
)
from azml_pipelines.compute.interpreter import Interpreter
from azml_pipelines.worker.messages import NodeStart, WorkerStart
from azml_pipelines.worker.page import Page

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def start(tmp_path: Path):
    """Start this shell program in the place of a fork server."""
    links = []

    def start(program: str) -> ForkServerLink:
        interpreter = tmp_path / "interpreter"
        interpreter.write_text(f"#!/bin/sh\n{program}\n")
        interpreter.chmod(0o700)
        node = NodeStart(
            node="node000",
            entry_kind="script",
            source_directory=str(tmp_path),
            entry_script="score.py",
            inputs=[],
            output_action="append_row",
            output_directory=str(tmp_path),
            parts=str(tmp_path),
            logs=str(tmp_path),
        )
        plan = ForkServerPlan(Interpreter(str(interpreter)), tmp_path / "log.txt")
        links.append(ForkServerLink(plan, node))
        return links[-1]

    yield start
    for link in links:
        link.destroy()
        link.close()


def test_orders_to_a_frozen_server_have_a_limit(start, monkeypatch):
    """It reads nothing, its socket fills up: then it counts as lost, and is killed."""
    monkeypatch.setattr(fork_server_link, "_SEND_LIMIT", struct.pack("ll", 0, 100_000))
    link = start("exec sleep 1000")
    page = Page.create()
    order = WorkerStart(1, "process000", "x" * 50_000, 0)
    began = time.monotonic()
    ours, theirs = socket.socketpair()
    with ours, theirs, contextlib.suppress(ForkServerLostError):
        for _ in range(100):
            link.start(order, theirs, page)
    page.close()

    assert link.lost
    assert time.monotonic() - began < 5
    with pytest.raises(ForkServerLostError):
        link.wait_exit(1, 5)


def test_the_end_of_a_server_that_does_not_want_to_end(start, monkeypatch):
    """It is killed after a moment."""
    monkeypatch.setattr(fork_server_link, "_END_SECONDS", 0.2)
    link = start("trap '' TERM; exec sleep 1000")
    began = time.monotonic()
    link.close()

    assert time.monotonic() - began < 5
    assert link.lost
