"""What is tried again, for how long, and what is said when it did not help."""

from __future__ import annotations

import pytest

from azml_pipelines.data.file_store import (
    StoreDeniedError,
    StoreError,
    StoreUnreachableError,
)
from azml_pipelines.data.store_attempts import StoreAttempts
from azml_pipelines.masking import Masker


class _HttpError(Exception):
    def __init__(self, status_code, text="server said so"):
        super().__init__(text)
        self.status_code = status_code


@pytest.fixture
def attempts():
    """Tries without pauses worth mentioning."""
    return StoreAttempts("datastore 'lake'", Masker(["s3cr3t-key"]), pause=0.0001)


def _failing(*errors):
    left = list(errors)
    calls = []

    def call():
        calls.append(1)
        if left:
            raise left.pop(0)
        return "done"

    return call, calls


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(5, "SlowDown"), id="S3 is busy"),
        pytest.param(_HttpError(503), id="Azure is busy"),
        pytest.param(_HttpError(429), id="too many requests"),
        pytest.param(ConnectionResetError(), id="the line was cut"),
        pytest.param(TimeoutError(), id="no answer"),
    ],
)
def test_what_may_pass_is_tried_again(attempts, error):
    """Twice wrong, then right."""
    call, calls = _failing(error, error)

    assert "done" == attempts.run("fetch", "a.txt", call)
    assert 3 == len(calls)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(PermissionError("no"), StoreDeniedError, id="S3 says no"),
        pytest.param(_HttpError(403), StoreDeniedError, id="Azure says no"),
        pytest.param(_HttpError(401), StoreDeniedError, id="who are you"),
        pytest.param(TypeError("no such option"), StoreError, id="a wrong option"),
        pytest.param(_HttpError(400), StoreError, id="a wrong request"),
    ],
)
def test_what_stays_is_not_tried_again(attempts, error, kind):
    """One try, and the message names the store."""
    call, calls = _failing(error, error)

    with pytest.raises(kind, match="lake"):
        attempts.run("fetch", "a.txt", call)

    assert 1 == len(calls)


def test_an_outage_ends_with_its_name(attempts):
    """The message has the store, the last status, and nothing of a secret."""
    call, _ = _failing(*[_HttpError(503, "x s3cr3t-key sig=abcdef1234 y")] * 50)

    with pytest.raises(StoreUnreachableError) as caught:
        attempts.run("list", "", call)

    assert "503" in caught.value.message
    assert "s3cr3t" not in caught.value.message
    assert "abcdef1234" not in caught.value.message
    assert caught.value.__cause__ is None


def test_patience_is_bounded():
    """No call is tried longer than it may take in all."""
    attempts = StoreAttempts("x", Masker(()), budget=0.05, pause=0.02)
    call, calls = _failing(*[TimeoutError()] * 500)

    with pytest.raises(StoreUnreachableError):
        attempts.run("list", "", call)

    assert len(calls) < 50
