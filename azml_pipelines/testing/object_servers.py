"""Object stores on loopback, for tests and samples: S3, Azure's blobs, Google's."""

from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "WATCH",
    "ObjectServer",
    "ServerMissingError",
    "azurite_server",
    "google_server",
    "moto_server",
]

_START_SECONDS = 60.0
_MOTO = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
_GOOGLE = """
import http.server, sys, threading
from functools import partial
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage
handler = partial(RequestHandler, Storage(use_memory_fs=True))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("http://127.0.0.1:%d" % server.server_port, flush=True)
sys.stdin.read()
"""
# Ends the server when whoever started it is gone, however that ended.
WATCH = """
import subprocess, sys
with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as server:
    sys.stdin.read()
    server.kill()
"""


class ServerMissingError(Exception):
    """The server is not installed; the message says how to get it."""


@dataclass(frozen=True)
class ObjectServer:
    """A server that runs."""

    kind: str
    """``s3``, ``azure`` or ``google``."""
    address: str
    """``http://127.0.0.1:PORT``, for Azure with the account behind it."""
    account: str = ""
    key: str = ""

    def url(self, container: str, folder: str = "") -> str:
        """Return fsspec's URL of a container, or of a folder in it."""
        return f"{self._protocol}://{container}" + (f"/{folder}" if folder else "")

    @property
    def _protocol(self) -> str:
        return {"s3": "s3", "azure": "abfs", "google": "gs"}[self.kind]

    def options(self, address: str | None = None) -> dict[str, Any]:
        """Return what opens it; ``address`` may be that of a proxy before it."""
        place = address or self.address
        if self.kind == "s3":
            return {"endpoint_url": place, "key": "testing", "secret": "testing"}
        if self.kind == "google":
            return {"endpoint_url": place, "token": "anon", "project": "testing"}
        return {
            "account_name": self.account,
            "account_key": self.key,
            "endpoint": place,
        }

    def make_container(self, name: str) -> None:
        """Make a bucket or a container; one that is there already is fine."""
        from azml_pipelines.data.file_store import StoreLocation  # noqa: PLC0415 - slow
        from azml_pipelines.data.store_options import opened_filesystem  # noqa: PLC0415

        location = StoreLocation(self.url(name), self.options())
        fs = opened_filesystem(location).filesystem
        with suppress(FileExistsError):
            fs.mkdir(name)


@contextmanager
def moto_server() -> Iterator[ObjectServer]:
    """Run moto's S3 in a process of its own.

    Raises:
        ServerMissingError: moto is not installed.
    """
    try:
        # Only to see whether they are there: moto's own server needs flask besides.
        import flask  # noqa: F401, PLC0415
        import moto  # noqa: F401, PLC0415
    except ImportError as error:
        msg = "moto is not installed: pip install 'moto[server]'"
        raise ServerMissingError(msg) from error
    with _running([sys.executable, "-c", _MOTO], r"(http://127\.0\.0\.1:\d+)") as found:
        yield ObjectServer("s3", found)


@contextmanager
def google_server() -> Iterator[ObjectServer]:
    """Run an emulator of Google Cloud Storage in a process of its own.

    Raises:
        ServerMissingError: gcp-storage-emulator is not installed.
    """
    try:
        import gcp_storage_emulator  # noqa: F401, PLC0415 - only to see whether it is there
    except ImportError as error:
        msg = "the emulator is not installed: pip install gcp-storage-emulator"
        raise ServerMissingError(msg) from error
    with _running(
        [sys.executable, "-c", _GOOGLE], r"(http://127\.0\.0\.1:\d+)"
    ) as found:
        yield ObjectServer("google", found)


@contextmanager
def azurite_server() -> Iterator[ObjectServer]:
    """Run Azurite's blob service, found in ``AZML_AZURITE`` or the user's cache.

    Raises:
        ServerMissingError: It is not installed, or node is not.
    """
    node = shutil.which("node")
    script = _azurite_script()
    if node is None or script is None:
        msg = (
            "Azurite is not installed: npm install --ignore-scripts --prefix "
            "~/.cache/azml-tests/azurite azurite (and node, from the system)"
        )
        raise ServerMissingError(msg)
    command = [
        sys.executable, "-c", WATCH, node, str(script),
        "--silent", "--skipApiVersionCheck", "--disableTelemetry",
        "--inMemoryPersistence", "--extentMemoryLimit", "1024",
        "--blobHost", "127.0.0.1", "--blobPort", "0",
    ]  # fmt: skip
    account = "devstoreaccount1"
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    accounts = {"AZURITE_ACCOUNTS": f"{account}:{key}"}
    with _running(command, r"(http://127\.0\.0\.1:\d+)", accounts) as found:
        yield ObjectServer("azure", f"{found}/{account}", account, key)


def _azurite_script() -> Path | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folders = [cache / "azml-tests" / "azurite"]
    if named := os.environ.get("AZML_AZURITE"):
        folders.insert(0, Path(named))
    for folder in folders:
        script = (
            folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
        )
        if script.is_file():
            return script
    return None


@contextmanager
def _running(
    command: list[str], pattern: str, environ: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a server until the block ends; yield the address that it prints."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(environ or {})},
        start_new_session=True,
    )
    said: Queue[str] = Queue()
    reader = threading.Thread(target=_read, args=(process, pattern, said), daemon=True)
    reader.start()
    try:
        address = said.get(timeout=_START_SECONDS)
        if not address:
            msg = f"{command[0]} has ended before it said where it listens"
            raise ServerMissingError(msg)
        yield address
    except Empty:
        msg = f"{command[0]} has not said where it listens"
        raise ServerMissingError(msg) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(5)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _read(process: subprocess.Popen[str], pattern: str, said: Queue[str]) -> None:
    """Pass the first address on, and let nothing of what follows block the server."""
    told = False
    for line in process.stdout or ():
        match = re.search(pattern, line)
        if match and not told:
            told = True
            said.put(match[1])
    if not told:
        said.put("")
