"""The promises of who is let in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.web.guard import Guard, Visit

GUARD = Guard(8123, "t" * 43)
FINE = {
    "host": ["127.0.0.1:8123"],
    "authorization": [f"Bearer {'t' * 43}"],
    "content-type": ["application/json"],
}


def objection(method="POST", **changed):
    """Return the code of the refusal of a request, or None."""
    headers = {**FINE, **{name.replace("_", "-"): one for name, one in changed.items()}}
    refusal = GUARD.objection(Visit(method, headers))
    return refusal and refusal.code


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "[::1]:8123"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_who_knows_name_and_token_is_let_in(method, host):
    """By each of the three names of this machine."""
    assert objection(method, host=[host]) is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"host": []}, "bad_host"),
        ({"host": ["127.0.0.1:8123", "evil.example"]}, "bad_host"),
        ({"host": ["LOCALHOST.evil.example:8123"]}, "bad_host"),
        ({"origin": ["http://evil.example"]}, "bad_origin"),
        ({"origin": ["https://127.0.0.1:8123"]}, "bad_origin"),
        ({"origin": ["http://127.0.0.1:8123", "http://evil.example"]}, "bad_origin"),
        ({"sec_fetch_site": ["same-site"]}, "bad_origin"),
        ({"authorization": []}, "unauthorized"),
        ({"authorization": ["Bearer"]}, "unauthorized"),
        ({"authorization": [f"Bearer {'t' * 42}"]}, "unauthorized"),
        ({"content_type": []}, "not_json"),
        ({"content_type": ["application/json", "text/plain"]}, "not_json"),
    ],
)
def test_anything_else_is_refused(changed, code):
    """Several values of a header are no value."""
    assert objection(**changed) == code


@given(st.text(max_size=60).filter(lambda text: text.strip() != "t" * 43))
def test_no_other_token_opens(token):
    """Whatever it is made of."""
    assert objection(authorization=[f"Bearer {token}"]) == "unauthorized"


def test_an_empty_token_opens_nothing():
    """Not even a server without one."""
    visit = Visit("GET", {**FINE, "authorization": ["Bearer "]})

    assert Guard(8123, "").objection(visit).code == "unauthorized"
