"""The signs of the console: what a state looks like without words."""

from __future__ import annotations

__all__ = ["BAR_DONE", "BAR_OPEN", "SIGNS", "STATUS_SIGNS"]

STATUS_SIGNS = {
    "NotStarted": "○",
    "Queued": "○",
    "Running": "●",
    "Finished": "✔",
    "Failed": "✘",
    "Canceled": "■",
    "Skipped": "◇",
}
BAR_DONE = "━"
BAR_OPEN = "─"
SIGNS = "".join(STATUS_SIGNS.values()) + BAR_DONE + BAR_OPEN + "…·"
"""All of them: a terminal whose encoding lacks one gets lines of text instead."""
