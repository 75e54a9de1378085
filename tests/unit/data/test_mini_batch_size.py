"""How much one mini-batch holds, as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines import DeclarationError
from azml_pipelines.data.mini_batch_size import (
    MiniBatchSize,
    WrittenSize,
    parse_size,
    read_size,
)

ACCEPTED = [
    pytest.param("5", "number", 5, id="digits"),
    pytest.param("0", "number", 0, id="no range is checked while it is read"),
    pytest.param("1KB", "bytes", 1024, id="kilobytes"),
    pytest.param("10mb", "bytes", 10 * 1024**2, id="lower case"),
    pytest.param("3gB", "bytes", 3 * 1024**3, id="mixed case"),
    pytest.param("500 rows", "rows", 500, id="rows"),
    pytest.param("1 Row", "rows", 1, id="one row"),
    pytest.param("500rows", "rows", 500, id="rows without a blank"),
    pytest.param("auto", "auto", 0, id="auto"),
]


@pytest.mark.parametrize(("text", "unit", "amount"), ACCEPTED)
def test_sizes(text, unit, amount):
    """Digits, and a unit of 1024, or rows, or the one word."""
    assert WrittenSize(amount, unit) == parse_size(text)


REFUSED = ["", "5 ", "5\n", "KB", "5K", "5B", "1e3", "\u0665", "5 KB", "rows", "-5"]
REFUSED += ["5  rows", "5 files", "1KB rows", "auto ", "Auto", "automatic", "9" * 19]


@pytest.mark.parametrize("text", REFUSED)
def test_no_sizes(text):
    """Anything else is refused with the text and every accepted form."""
    forms = r"'5' .*'10KB'.*'500 rows'.*'auto'"

    assert parse_size(text) is None
    with pytest.raises(DeclarationError, match=forms):
        read_size(text)


@pytest.mark.parametrize("size", [1.5, b"5", [5], {}, None])
def test_only_numbers_and_text_are_sizes(size):
    """Nothing else is converted."""
    with pytest.raises(DeclarationError, match="mini_batch_size="):
        read_size(size)


@pytest.mark.parametrize(
    ("size", "kind", "meant"),
    [
        (5, "file", MiniBatchSize(5, "files")),
        (5, "tabular", MiniBatchSize(5, "bytes")),
        ("10KB", "file", MiniBatchSize(10240, "bytes")),
        ("10KB", "tabular", MiniBatchSize(10240, "bytes")),
        ("7 rows", "tabular", MiniBatchSize(7, "rows")),
        ("auto", "file", MiniBatchSize(0, "auto")),
        ("auto", "tabular", MiniBatchSize(0, "auto")),
    ],
)
def test_what_a_size_means(size, kind, meant):
    """A bare number is files, and bytes of tables; what has a unit has it anywhere."""
    assert meant == read_size(size).of(kind)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        pytest.param(0, "from 1 to", id="nothing"),
        pytest.param(-3, "from 1 to", id="less than nothing"),
        pytest.param("0 rows", "from 1 to", id="no row"),
        pytest.param(10**19, "from 1 to", id="more than any disk"),
        pytest.param("5 rows", "only tables have rows", id="rows of files"),
    ],
)
def test_what_no_size_can_mean(size, says):
    """The reason is one line; where it stands is added by who knows."""
    with pytest.raises(DeclarationError, match=says) as caught:
        read_size(size).of("file")

    assert "\n" not in str(caught.value)


@given(
    amount=st.integers(1, 10**6),
    unit=st.sampled_from(["", "kb", "MB", "gB", " rows", "rows", " row"]),
    kind=st.sampled_from(["file", "tabular"]),
)
def test_every_written_size_means_something_or_says_why(amount, unit, kind):
    """Whatever reads as a size has 1 or more of its unit, or is rows of files."""
    written = read_size(f"{amount}{unit}")
    if written.unit == "rows" and kind == "file":
        with pytest.raises(DeclarationError):
            written.of(kind)
        return
    size = written.of(kind)

    assert size.amount >= amount
    assert str(size.amount) in str(size)
