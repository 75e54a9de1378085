"""Garbage in the place of a worker's frames: what a real runner makes of it."""

from __future__ import annotations

import json
import os
import struct
import traceback
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.compute.runner import InitError, ProcessLimits, Runner
from azml_pipelines.worker.messages import (
    BUNDLE_DONE,
    FAILED,
    INIT_FAILED,
    READY,
    STORE_FAILED,
    Bundle,
    WorkerStart,
)
from chaos.process_tree import resident_bytes

if TYPE_CHECKING:
    import random
    import socket

__all__ = ["Fuzzed", "fuzz"]

_KINDS = (READY, INIT_FAILED, FAILED, BUNDLE_DONE, STORE_FAILED, 0, 99, 255)
_LIMITS = ProcessLimits(run=0.2, init=0.2, overhead=0.2, stop=0.2)
_BUNDLE = Bundle(0, 2, 1, b'[0,1,["a"]]\n[0,1,["b"]]\n')
_VALUES: tuple[Any, ...] = (
    None,
    0,
    -1,
    "x",
    [],
    {},
    1e308,
    True,
    "\ud800",
    [[]],
    {"a": 1},
)
_FIELDS = (
    "mini_batch", "attempt", "reason", "items", "error", "seconds", "charged",
    "exception_type", "message", "user_line", "traceback", "what",
)  # fmt: skip


@dataclass(frozen=True)
class Fuzzed:
    """What the frames did."""

    exceptions: int
    kinds: str
    """How many of each kind, and in which call of the runner."""
    growth: int
    """Bytes of memory, from the first tenth of the frames to the end."""


class _Server:
    """Stands for a fork server whose worker is this test."""

    def __init__(self) -> None:
        self.theirs: socket.socket | None = None

    def start(self, order: Any, link: socket.socket, *_: Any) -> None:
        del order
        self.theirs = link.dup()

    def kill(self, number: int) -> None:
        del number

    def pid(self, number: int) -> None:
        del number

    def wait_exit(self, number: int, timeout: float) -> int:
        del number, timeout
        return 1

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def fuzz(chance: random.Random, frames: int) -> Fuzzed:
    """Send garbage; every second one after a proper start."""
    raised: Counter[str] = Counter()
    base = 0
    for number in range(frames):
        if number == frames // 10:
            base = resident_bytes(os.getpid())
        try:
            _send(chance, _frame(chance))
        except Exception as error:
            frames_of = traceback.extract_tb(error.__traceback__)
            call = next(
                (at.line for at in frames_of if "runner." in (at.line or "")), ""
            )
            raised[f"{type(error).__name__} in {call}"] += 1
    kinds = ", ".join(f"{count} {kind}" for kind, count in raised.most_common(5))
    return Fuzzed(raised.total(), kinds, resident_bytes(os.getpid()) - base)


def _send(chance: random.Random, garbage: bytes) -> None:
    server = _Server()
    runner = Runner(server, WorkerStart(1, "process000", "x.part"), _LIMITS)  # type: ignore[arg-type] # stands for one
    link = server.theirs
    if link is None:
        return
    try:
        if chance.random() < 0.7:
            link.sendall(struct.pack("<IB", 0, READY))
            runner.wait_ready()
        link.sendall(garbage)
        link.close()
        try:
            runner.wait_ready()
            runner.run(_BUNDLE)
        except InitError:
            pass
    finally:
        link.close()
        runner.kill()
        runner.release()


def _frame(chance: random.Random) -> bytes:
    """Return bytes that are no frame, a frame of garbage, or nearly a message."""
    kind = chance.choice(_KINDS)
    shape = chance.randrange(4)
    if shape == 0:
        return chance.randbytes(chance.randrange(1, 300))
    if shape == 1:
        return (
            struct.pack("<IB", chance.choice((2**32 - 1, 2**31, 1000, 5)), kind) + b"x"
        )
    if shape == 2:
        payload = chance.randbytes(chance.randrange(200))
    else:
        names = chance.sample(_FIELDS, chance.randrange(len(_FIELDS)))
        value = {name: chance.choice(_VALUES) for name in names}
        payload = json.dumps(chance.choice((value, [value], 1))).encode()
    return struct.pack("<IB", len(payload), kind) + payload
