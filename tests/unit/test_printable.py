"""Text of users, made safe to print."""

from __future__ import annotations

import pytest

from azml_pipelines.printable import encodable, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain text", "plain text", id="ASCII stays"),
        pytest.param("Zoë 数字 ✔", "Zoë 数字 ✔", id="letters of any script stay"),
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="no colours"),
        pytest.param("a\nb\rc\td", "a\\nb\\rc\\td", id="no line breaks"),
        pytest.param("\x9b2J", "\\x9b2J", id="no eight-bit control sequences"),
        pytest.param("a\u2028b", "a\\u2028b", id="no Unicode line breaks"),
        pytest.param("exe.\u202egnp", "exe.\\u202egnp", id="no change of direction"),
        pytest.param("\udc80", "\\udc80", id="no undecodable bytes"),
    ],
)
def test_control_characters_are_escaped(text, shown):
    """A terminal obeys nothing that a user's name or error says."""
    assert shown == printable(text)


def test_what_an_encoding_lacks_is_escaped():
    """Printing to an old terminal does not raise."""
    assert encodable("Zoë", "ascii") == "Zo\\xeb"
    assert encodable("Zoë", None) == "Zoë"
