"""What a step was doing when it stood still: a file for whoever looks into it."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["write_stall_report"]


def write_stall_report(file: Path, lines: Sequence[str]) -> None:
    """Append ``lines`` and what every thread of this process is doing.

    A disk that takes no more must not keep the step from getting on, so an error is
    not raised.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = "".join(f"{line}\n" for line in (stamp, *lines, "", "Threads:"))
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, flags, 0o600), "ab") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
            stream.flush()
            faulthandler.dump_traceback(stream, all_threads=True)
            stream.write(b"\n")
