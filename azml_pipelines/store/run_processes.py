"""Which processes of this machine belong to a run: its orchestrator, nodes, workers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["RunProcess", "processes_of"]

_OURS = "azml_pipelines."
_RUN_FOLDER = "AZML_RUN_FOLDER"


@dataclass(frozen=True)
class RunProcess:
    """A living process of a run."""

    pid: int
    command: str


def processes_of(folder: RunFolder) -> list[RunProcess]:
    """Return every living process of a run but the present one.

    They are known by their command line (orchestrator), by their working directory
    (fork servers and workers) and by the environment that programs started by user
    code inherit. A shell in which somebody looks at the run's files is none of them.
    """
    import psutil  # noqa: PLC0415 - only those who look for processes pay for it

    root = str(folder.root)
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and _belongs(process, root):
                command = " ".join(process.cmdline())
                found.append(RunProcess(process.pid, command))
        except psutil.Error:
            continue  # it has ended, or belongs to somebody else
    return found


def _belongs(process: psutil.Process, root: str) -> bool:
    command = process.cmdline()
    if not command or process.status() == "zombie":
        return False
    if any(word.startswith(_OURS) for word in command) and (
        root in command or _is_below(process.cwd(), root)
    ):
        return True
    return process.environ().get(_RUN_FOLDER) == root


def _is_below(folder: str, root: str) -> bool:
    return folder == root or folder.startswith(f"{root}{os.sep}")
