"""Azure's hierarchical namespaces, as far as they differ for who reads blobs.

No emulator has them. This stands before Azurite and does the two things that the blob
endpoint of such an account does: lists are sorted folder by folder, ``a/x`` before
``a.txt``, and each folder is an entry of the list, marked by its metadata.
"""

from __future__ import annotations

import http.client
import posixpath
import threading
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hierarchical_store", "with_folders"]

_FOLDER = (
    "<Blob><Name/><Properties><Etag>0x1</Etag><Content-Length>0</Content-Length>"
    "<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified>"
    "<BlobType>BlockBlob</BlobType><ResourceType>directory</ResourceType>"
    "</Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
)
_OWN = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


@contextmanager
def hierarchical_store(address: str) -> Iterator[str]:
    """Run before a server; yield what stands in for its address.

    Args:
        address: ``http://127.0.0.1:PORT/ACCOUNT``.
    """
    place = urlsplit(address)

    class Handler(_Handler):
        server_place = place.netloc

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{place.path}"
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on, and changes the answers that are lists."""

    protocol_version = "HTTP/1.1"
    server_place = ""

    def do_GET(self) -> None:
        """Pass on."""
        self._pass_on()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 - http.server's

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        link = http.client.HTTPConnection(self.server_place, timeout=60)
        try:
            link.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                link.putheader(name, value)
            link.endheaders(body or None)
            answer = link.getresponse()
            text = answer.read()
        finally:
            link.close()
        length = answer.headers.get("Content-Length")
        if "comp=list" in self.path and "restype=container" in self.path:
            text = with_folders(text)
            length = str(len(text))
        self.send_response(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        # That of an answer to HEAD is what GET would bring.
        self.send_header("Content-Length", length or str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def with_folders(text: bytes) -> bytes:
    """Return a list of blobs as a hierarchical namespace has it."""
    found = ET.fromstring(text)  # noqa: S314 - of our own server, in tests
    blobs = found.find("Blobs")
    if blobs is None:
        return text
    entries = {blob.findtext("Name") or "": blob for blob in blobs.findall("Blob")}
    folders = {
        folder for name in entries for folder in _folders(name) if folder not in entries
    }
    for folder in folders:
        entries[folder] = _folder(folder)
    for blob in list(blobs):
        blobs.remove(blob)
    blobs.extend(entries[name] for name in sorted(entries, key=lambda n: n.split("/")))
    changed: bytes = ET.tostring(found, encoding="utf-8", xml_declaration=True)
    return changed


def _folders(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


def _folder(name: str) -> ET.Element:
    blob = ET.fromstring(_FOLDER)  # noqa: S314 - ours
    element = blob.find("Name")
    if element is not None:
        element.text = name
    return blob
