"""Named places at which a fault can be put, for tests of what survives it.

Nothing happens unless ``AZML_FAILPOINTS`` is set when the process starts, for example
to ``commit.rename=kill@1;journal.commit=EIO@3``: the first time the rename of a commit
is reached the process kills itself, the third transaction fails with EIO. ``short``
writes half of the bytes and then fails with ENOSPC, as a full disk does. ``stop``
freezes the process; after a SIGCONT it goes on as if nothing had been. The names of the
points that were reached are appended to the file named by ``AZML_FAILPOINTS_LOG``.
"""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "POINTS",
    "REUSE_POINTS",
    "SCHEDULER_POINTS",
    "SCRIPT_POINTS",
    "Failpoints",
    "clip",
    "point",
    "write",
]

POINTS = (
    "submit.snapshot",
    "submit.plan_write",
    "submit.plan_fsync",
    "submit.rename",
    "launch.spawn",
    "launch.spawned",
    "orchestrator.claimed",
    "journal.begin",
    "journal.commit",
    "journal.committed",
    "list.write",
    "list.fsync",
    "list.rename",
    "list.renamed",
    "node.copy",
    "node.rename",
    "part.create",
    "part.write",
    "part.written",
    "part.recorded",
    "header.write",
    "header.rename",
    "dispatch.submit",
    "dispatch.settle",
    "dispatch.settled",
    "logs.write",
    "commit.open",
    "commit.write",
    "commit.fsync",
    "commit.rename",
    "commit.renamed",
    "commit.folder_fsync",
    "failed_items.write",
    "failed_items.rename",
    "step.end",
    "run.end",
)
"""Every point of a run of one parallel step, in about the order of a run."""
SCHEDULER_POINTS = (
    "schedule.claimed",
    "submit.renamed",
    "submit.indexed",
    "schedule.submitted",
)
"""Those between a firing that was decided and one whose run is noted as submitted."""
REUSE_POINTS = (
    "reuse.begin",
    "reuse.noted",
    "reuse.remember",
    "taken_over.written",
    "taken_over.settled",
)
"""Those of a step that an earlier result stands in for, or that takes rows over."""
SCRIPT_POINTS = ("script.succeeded", "script_output.rename")
"""Those of a step that runs a script or a command."""

_KNOWN = frozenset({*POINTS, *SCHEDULER_POINTS, *REUSE_POINTS, *SCRIPT_POINTS})
_VARIABLE = "AZML_FAILPOINTS"
_LOG_VARIABLE = "AZML_FAILPOINTS_LOG"
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short": errno.ENOSPC}


class Failpoints:
    """The faults of one process.

    Args:
        text: The value of ``AZML_FAILPOINTS``.
        log: The file that reached points are appended to; none when empty.
    """

    def __init__(self, text: str, log: str = "") -> None:
        self._log = log
        self._faults: dict[str, tuple[str, int]] = {}
        self._hits: dict[str, int] = {}
        for fault in filter(None, text.split(";")):
            name, _, action = fault.partition("=")
            what, _, hit = action.partition("@")
            if name not in _KNOWN or what not in {*_ERRORS, *_SIGNALS}:
                msg = f"{_VARIABLE}: {fault!r} is no point=action@hit"
                raise ValueError(msg)
            self._faults[name] = (what, int(hit or 1))

    def reach(self, name: str) -> str | None:
        """Note that a point was reached; return the action that is due there."""
        hit = self._hits.get(name, 0) + 1
        self._hits[name] = hit
        if self._log and hit == 1:
            with Path(self._log).open("a", encoding="ascii") as file:
                file.write(f"{name}\n")
        action, due = self._faults.get(name, ("", 0))
        if hit != due:
            return None
        if action in _SIGNALS:
            os.kill(os.getpid(), _SIGNALS[action])
            return None
        return action


_ARMED = (
    Failpoints(os.environ.get(_VARIABLE, ""), os.environ.get(_LOG_VARIABLE, ""))
    if _VARIABLE in os.environ
    else None
)


def _fail(name: str, action: str) -> None:
    number = _ERRORS[action]
    raise OSError(number, f"{os.strerror(number)} (failpoint {name})")


def point(name: str) -> None:
    """Fail here if a test asked for it.

    Raises:
        OSError: A test asked for it.
    """
    if _ARMED is not None and (action := _ARMED.reach(name)):
        _fail(name, action)


def clip(name: str, data: bytes) -> bytes:
    """Return ``data``, or the half that a short write takes, if a test asked for that.

    Raises:
        OSError: A test asked for it.
    """
    if _ARMED is None or not (action := _ARMED.reach(name)):
        return data
    if action != "short":
        _fail(name, action)
    return data[: len(data) // 2]


def write(name: str, file: BinaryIO, data: bytes) -> None:
    """Write ``data``, or less of it, or nothing, if a test asked for that.

    Raises:
        OSError: The file could not be written, or a test asked for it.
    """
    if _ARMED is not None and (action := _ARMED.reach(name)):
        if action == "short":
            file.write(data[: len(data) // 2])
            file.flush()
        _fail(name, action)
    file.write(data)
