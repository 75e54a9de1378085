"""Messages arrive as they were sent, bodies byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.serving.messages import Answer, Invocation, Setup
from azml_pipelines.worker.frames import ProtocolError

text = st.text(max_size=20)


@given(st.integers(0, 1 << 40), text, text, st.binary(max_size=200), text)
def test_an_invocation_arrives(number, content_type, accept, body, file_name):
    """Every field, whatever it holds."""
    sent = Invocation(number, content_type, accept, body, file_name)

    assert sent == Invocation.decode(sent.encode())


@given(st.integers(100, 599), text, st.binary(max_size=200))
def test_an_answer_arrives(status, content_type, body):
    """Every field, whatever it holds."""
    sent = Answer(status, content_type, body)

    assert sent == Answer.decode(sent.encode())


def test_a_setup_arrives():
    """Its columns stay in order."""
    sent = Setup("table", ("b", "a"), "/tmp/x")

    assert sent == Setup.decode(sent.encode())


@pytest.mark.parametrize("payload", [b"", b"\xff\xff\xff\xff", b"\2\0\0\0[]"])
def test_garbage_is_no_message(payload):
    """It is named, and nothing else happens."""
    with pytest.raises(ProtocolError):
        Answer.decode(payload)


def test_a_refusal_is_one_line():
    """Whatever the message holds."""
    answer = Answer.refusal(400, "not\n  this\x1b way")

    assert b'{"error":"not this\\u001b way"}' == answer.body
