"""Where a workspace's REST server listens, and the token that it asks for."""

from __future__ import annotations

import json
import os
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from azml_pipelines.errors import WorkspaceException

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.store.workspace_folder import WorkspaceFolder

__all__ = ["HOST", "api_address", "api_token", "new_api_token", "remember_port"]

_TOKEN_BYTES = 32
HOST = "127.0.0.1"
"""The server is for this machine only."""


def api_address(folder: WorkspaceFolder) -> str:
    """Return the address of the server, also before it has ever been started.

    A free port is chosen at the first question and kept, so that what was written into
    a notebook still holds after the server was started again.
    """
    port = _port(folder.api_port)
    if port is None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        remember_port(folder, port)
    return f"http://{HOST}:{port}"


def remember_port(folder: WorkspaceFolder, port: int) -> None:
    """Keep the port for ``api_address``."""
    _write(folder.api_port, json.dumps({"port": port}))


def api_token(folder: WorkspaceFolder) -> str:
    """Return the token of the workspace; it is made at the first question.

    Raises:
        WorkspaceException: The file with it can be read by others, or is empty.
    """
    for _ in range(2):
        try:
            descriptor = os.open(folder.api_token, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            with suppress(FileExistsError):
                new_api_token(folder, replace=False)
            continue
        with os.fdopen(descriptor, encoding="ascii") as file:
            token = file.read().strip()
            shared = os.fstat(file.fileno()).st_mode & 0o077
        if token and not shared:
            return token
        break
    msg = (
        f"{folder.api_token} is empty, or others may read it. Remove it; a new one is "
        "made when it is needed."
    )
    raise WorkspaceException(msg)


def new_api_token(folder: WorkspaceFolder, *, replace: bool = True) -> str:
    """Make another token; the one before opens nothing any more.

    Raises:
        FileExistsError: There is one, and ``replace`` is False.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    if not replace:
        unfinished = _unfinished(folder.api_token, token)
        try:
            # Unlike a rename, a link never replaces what somebody else has just made.
            os.link(unfinished, folder.api_token)
        finally:
            unfinished.unlink()
    else:
        _write(folder.api_token, token)
    return token


def _port(file: Path) -> int | None:
    try:
        port = json.loads(file.read_text(encoding="ascii"))["port"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return port if isinstance(port, int) and 0 < port < 1 << 16 else None


def _write(file: Path, text: str) -> None:
    _unfinished(file, text).replace(file)


def _unfinished(file: Path, text: str) -> Path:
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(unfinished, flags, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
    return unfinished
