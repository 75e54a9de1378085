"""The scheduler as a service of systemd, for one user and one workspace."""

from __future__ import annotations

import re
import shutil
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["install", "uninstall", "unit_name", "unit_text"]

_SECONDS = 60


def unit_name(workspace: str, root: Path) -> str:
    """Return the name of the unit; two workspaces of one name have two."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", workspace)
    digest = sha256(str(root).encode()).hexdigest()[:8]
    return f"azml-scheduler-{plain}-{digest}.service"


def unit_text(workspace: str, root: Path, python: str) -> str:
    """Return the unit.

    Args:
        workspace: Its name.
        root: Its folder.
        python: The interpreter with which runs are submitted.

    Raises:
        UserErrorException: A path has a line break, which no unit can hold.
    """
    for path in (str(root), python):
        if "\n" in path or "\r" in path:
            msg = f"{path!r} has a line break, so no unit can name it; move it."
            raise UserErrorException(msg)
    return f"""[Unit]
Description=azml scheduler of workspace {_plain(workspace)}
After=network-online.target

[Service]
Type=exec
WorkingDirectory={_plain(str(root))}
ExecStart={_quoted(python)} -P -m azml_pipelines.cli scheduler
Restart=on-failure
RestartSec=5
# The runs that it has started go on when it ends.
KillMode=process
TimeoutStopSec={_SECONDS}

[Install]
WantedBy=default.target
"""


def install(folder: Path, name: str, text: str) -> str | None:
    """Write a unit into ``folder`` and, where systemd runs, start it now and at login.

    Returns:
        What is left to do by hand; None when the unit runs.

    Raises:
        UserErrorException: systemd refuses it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    if not _reachable():
        return f"systemctl --user daemon-reload && systemctl --user enable --now {name}"
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", name)
    return None


def uninstall(folder: Path, name: str) -> bool:
    """Stop a unit and remove it; False when there is none.

    Raises:
        UserErrorException: systemd refuses to.
    """
    file = folder / name
    if not file.exists():
        return False
    running = _reachable()
    if running:
        _systemctl("disable", "--now", name)
    file.unlink()
    if running:
        _systemctl("daemon-reload")
    return True


def _reachable() -> bool:
    """Whether this user's systemd answers."""
    program = shutil.which("systemctl")
    if program is None:
        return False
    command = [program, "--user", "show-environment"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _systemctl(*arguments: str) -> None:
    program = shutil.which("systemctl") or "systemctl"
    done = subprocess.run(
        [program, "--user", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())
        msg = f"systemctl --user {' '.join(arguments)} said: {said}"
        raise UserErrorException(msg)


def _plain(text: str) -> str:
    """Return text in which nothing stands for something else."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """Return one word of a command line as systemd reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_plain(escaped)}"'
