"""What a server prints: passed on, and its last lines kept for what has to be said."""

from __future__ import annotations

import contextlib
import os
import threading

__all__ = ["ServerOutput"]

_PIECE = 1 << 16
_KEPT_BYTES = 4096
_SHOWN_LINES, _SHOWN_CHARACTERS = 3, 300


class ServerOutput:
    """A pipe for a server to print to; a thread passes everything on to our output."""

    def __init__(self) -> None:
        self._reading, self.descriptor = os.pipe()
        self._kept = b""
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def started(self) -> None:
        """Leave the pipe to the server, which has it now, or never will."""
        os.close(self.descriptor)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until everybody who can print there has ended."""
        self._thread.join(seconds)

    @property
    def tail(self) -> str:
        """The last lines, to be put behind a message; nothing when there are none."""
        text = self._kept.decode("utf-8", "replace")
        lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        if not lines:
            return ""
        shown = " | ".join(lines[-_SHOWN_LINES:])
        return f"; it last printed: {shown[-_SHOWN_CHARACTERS:]}"

    def _pass_on(self) -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(self._reading, _PIECE):
                self._kept = (self._kept + piece)[-_KEPT_BYTES:]
                while piece:
                    piece = piece[os.write(1, piece) :]
        os.close(self._reading)
