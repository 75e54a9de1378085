"""A PostgreSQL server on loopback, for tests: Debian's package, its own data folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.testing.object_servers import WATCH, ServerMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["postgres_server"]

_START_SECONDS = 60.0
_USER = "azml"
_DEBIAN = Path("/usr/lib/postgresql")
_DEBIAN_USER = "postgres"


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server with an empty database; yield its URL, password included.

    PostgreSQL refuses to run as root: there it runs as the user ``postgres``.

    Raises:
        ServerMissingError: It is not installed, or does not start.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="azml-postgres-"))
    password = secrets.token_hex(16)
    (folder / "password").write_text(password, encoding="utf-8")
    as_other = _as_other_user(folder)
    try:
        _run([
            *as_other, str(programs / "initdb"), "-D", str(folder / "data"),
            "-U", _USER, "--auth=scram-sha-256", f"--pwfile={folder / 'password'}",
            "--no-sync", "-E", "UTF8", "--locale=C",
        ])  # fmt: skip
        port = _free_port()
        command = [
            *as_other, str(programs / "postgres"), "-D", str(folder / "data"),
            "-h", "127.0.0.1", "-p", str(port), "-k", str(folder),
            "-c", "fsync=off", "-c", "max_connections=200",
        ]  # fmt: skip
        with _serving(command, folder / "log"):
            _wait(programs, port, folder / "log")
            yield f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(
        (place for place in _DEBIAN.glob("*/bin") if (place / "initdb").is_file()),
        key=lambda place: float(place.parent.name),
    )
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    if on_path is None:
        msg = "PostgreSQL is not installed: apt-get install postgresql"
        raise ServerMissingError(msg)
    return Path(on_path).parent


def _as_other_user(folder: Path) -> list[str]:
    """Return what goes before a command, and give the folder to who will run it."""
    if os.geteuid() != 0:
        return []
    try:
        shutil.chown(folder, _DEBIAN_USER, _DEBIAN_USER)
        shutil.chown(folder / "password", _DEBIAN_USER, _DEBIAN_USER)
    except LookupError as error:
        msg = f"root needs the user {_DEBIAN_USER!r} to run PostgreSQL"
        raise ServerMissingError(msg) from error
    user = [f"--reuid={_DEBIAN_USER}", f"--regid={_DEBIAN_USER}", "--clear-groups"]
    return ["setpriv", *user]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        msg = f"{command[-1]}: {done.stderr.strip()[-300:]}"
        raise ServerMissingError(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _serving(command: list[str], log: Path) -> Iterator[None]:
    """Run a server until the block or this process ends, whichever comes first."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCH, *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    try:
        yield
    finally:
        # Its children are in sessions of their own, and end when it is gone.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait(programs: Path, port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    asked = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"]
    while subprocess.run(asked, check=False, cwd="/").returncode:
        if time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace")[-300:]
            msg = f"PostgreSQL does not start: {said}"
            raise ServerMissingError(msg)
        time.sleep(0.05)
