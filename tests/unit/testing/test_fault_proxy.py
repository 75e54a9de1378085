"""The proxy does what it is told to, and nothing else."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from azml_pipelines.testing.fault_proxy import FaultProxy, Faults

BODY = bytes(range(256)) * 1000


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def do_PUT(self):
        self.server.put = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    """A server that gives one body and takes any."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(server):
    """Ask through a proxy with some faults."""

    def ask(method, faults=None, body=None):
        with FaultProxy(f"http://127.0.0.1:{server.server_port}", faults) as proxy:
            link = http.client.HTTPConnection(urlsplit(proxy.address).netloc)
            try:
                link.request(method, "/x", body)
                answer = link.getresponse()
                return answer.status, answer.read()
            finally:
                link.close()

    return ask


def test_without_faults_everything_passes(ask, server):
    """Both ways."""
    assert ask("GET") == (200, BODY)
    assert ask("PUT", body=BODY) == (200, b"")
    assert server.put == BODY


def test_refusals_can_be_read(ask):
    """As S3 words them, with a status that was asked for."""
    status, body = ask("GET", Faults(refused=1, statuses=(503,)))

    assert status == 503
    assert b"SlowDown" in body


def test_a_cut_answer_is_shorter_than_it_said(ask):
    """The client can see that something is missing."""
    with pytest.raises(http.client.IncompleteRead):
        ask("GET", Faults(cut=1))


def test_a_reset_breaks_the_connection(ask):
    """The client does not only see an end, it sees an error."""
    with pytest.raises(ConnectionResetError):
        ask("GET", Faults(reset=1))


def test_a_flipped_byte_cannot_be_seen_by_length(ask):
    """One byte of the body is another one."""
    status, body = ask("GET", Faults(flipped=1))

    assert status == 200
    assert len(body) == len(BODY)
    assert sum(a != b for a, b in zip(body, BODY, strict=True)) == 1


def test_a_lost_answer_belongs_to_a_request_that_was_done(ask, server):
    """The server has the bytes, the client hears nothing."""
    with pytest.raises((http.client.HTTPException, OSError)):
        ask("PUT", Faults(lost=1), body=b"abc")

    assert server.put == b"abc"


def test_a_server_that_is_down_answers_nobody(ask):
    """The connection ends at once."""
    with pytest.raises((http.client.HTTPException, OSError)):
        ask("GET", Faults(down=True))


def test_it_says_who_waited_for_a_stall_to_end(server):
    """A client that hangs up before has noticed; one that is still there has not."""
    faults = Faults(stalled=1, stall=0.5)
    with FaultProxy(f"http://127.0.0.1:{server.server_port}", faults) as proxy:
        place = urlsplit(proxy.address)
        for patience in (0.05, 5):
            link = http.client.HTTPConnection(place.netloc, timeout=patience)
            with closing(link), suppress(OSError, http.client.IncompleteRead):
                link.request("GET", "/x")
                link.getresponse().read()
            deadline = time.monotonic() + 10
            while proxy.stalls < (1 if patience < 1 else 2):
                assert time.monotonic() < deadline
                time.sleep(0.01)

    assert 1 == proxy.stalls_sat_out
