"""Boxes in rows, none upon another, each line from one that ends at the next."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.pipeline.graph import svg_of, text_of
from azml_pipelines.pipeline.graph_drawing import DrawnStep

if TYPE_CHECKING:
    from collections.abc import Sequence

SVG = "{http://www.w3.org/2000/svg}"


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box."""
    found = []
    for box in ET.fromstring(svg).iter(f"{SVG}rect"):  # noqa: S314 - our own
        x, y, width, height = (
            float(box.attrib[name]) for name in ("x", "y", "width", "height")
        )
        found.append((x, y, x + width, y + height))
    return found


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29))))
def test_no_box_covers_another(count: int, pairs: Sequence[tuple[int, int]]) -> None:
    """Whatever the graph; and every edge is drawn."""
    edges = sorted({
        (str(a), str(b)) for a, b in pairs if a < b < count
    })  # fmt: skip
    steps = {str(n): DrawnStep(f"step {n}", "note") for n in range(count)}
    svg = svg_of(steps, edges)
    found = boxes(svg)

    assert len(found) == count
    assert svg.count("marker-end") == len(edges)
    for number, (left, top, right, bottom) in enumerate(found):
        for other in found[number + 1 :]:
            apart = other[0] >= right or other[2] <= left
            assert apart or other[1] >= bottom or other[3] <= top


def test_names_are_text_and_nothing_else() -> None:
    """A step may be called like a tag."""
    svg = svg_of({"a": DrawnStep("<script>alert(1)</script>")}, [])

    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_a_terminal_shows_who_waits_for_whom() -> None:
    """A step with several before it names the others."""
    labels = {"a": "prepare", "b": "train", "c": "report"}
    text = text_of(labels, [("a", "b"), ("a", "c"), ("b", "c")])

    assert text.splitlines()[0].endswith("prepare")
    assert "report ╾ prepare" in text or "report ╾ train" in text


def test_no_steps_are_an_empty_picture() -> None:
    """No exception, no box."""
    assert boxes(svg_of({}, [])) == []
