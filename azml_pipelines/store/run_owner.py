"""Which process drives a run, and whether it still lives."""

from __future__ import annotations

import socket
from dataclasses import dataclass

__all__ = ["Owner"]


@dataclass(frozen=True)
class Owner:
    """The process that drives a run; its start time tells it from a later namesake."""

    host: str
    pid: int
    process_started: float

    @classmethod
    def of_process(cls, pid: int) -> Owner | None:
        """Describe a process of this machine; None when there is none."""
        import psutil  # noqa: PLC0415 - readers that never ask do not pay for it

        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(socket.gethostname(), pid, process.create_time())
        except psutil.NoSuchProcess:
            return None

    @property
    def alive(self) -> bool:
        """Whether the process runs. Processes of other machines are believed to."""
        if self.host != socket.gethostname():
            return True
        found = Owner.of_process(self.pid)
        if found is None:
            return False
        return abs(found.process_started - self.process_started) < 1
