"""Content types are known by one name, and the best one offered is found."""

from __future__ import annotations

import pytest

from azml_pipelines.serving.media_type import (
    CSV,
    JSON,
    JSON_LINES,
    MediaType,
    preferred,
)

OFFERED = (JSON, CSV, JSON_LINES)


@pytest.mark.parametrize(
    ("header", "name", "charset"),
    [
        ("text/csv", CSV, "utf-8"),
        ("TEXT/CSV; Charset=Latin-1; header=present", CSV, "latin-1"),
        ("application/x-ndjson", JSON_LINES, "utf-8"),
        ("application/jsonl", JSON_LINES, "utf-8"),
        ("image/png", "image/png", "utf-8"),
        ("", "", "utf-8"),
    ],
)
def test_a_content_type_has_one_name(header, name, charset):
    """Whatever its case, its parameters and its other names."""
    assert MediaType(name, charset) == MediaType.parse(header)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        pytest.param("", JSON, id="nothing said means anything"),
        pytest.param("*/*", JSON, id="our order decides among equals"),
        pytest.param("text/csv", CSV, id="the only one"),
        pytest.param("text/*", CSV, id="a range"),
        pytest.param("application/json;q=0.1, text/csv;q=0.9", CSV, id="by weight"),
        pytest.param("text/csv;q=0, */*", JSON, id="zero excludes"),
        pytest.param("*/*;q=0.1, text/csv", CSV, id="the most exact wish counts"),
        pytest.param("application/x-jsonlines", JSON_LINES, id="another name"),
        pytest.param("image/png", None, id="none of ours"),
        pytest.param("text/csv;q=0", None, id="nothing is left"),
        pytest.param("text/csv;q=much", None, id="a weight that is no number is none"),
    ],
)
def test_the_callers_wish_is_found(accept, chosen):
    """The one with the highest weight, or none."""
    assert chosen == preferred(accept, OFFERED)
