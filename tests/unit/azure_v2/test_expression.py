"""Expressions of documents."""

from __future__ import annotations

import pytest

from azml_pipelines.azure_v2.expression import (
    Expression,
    pieces,
    single,
    without_optional_parts,
)

X = Expression("inputs.x")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("${{inputs.x}}", [X]),
        ("${{ inputs.x }}", [X]),
        ("--a=${{inputs.x}}/b", ["--a=", X, "/b"]),
        ("${{inputs.x}}${{inputs.x}}", [X, X]),
        ("${inputs.x} {{y}}", ["${inputs.x} {{y}}"]),
        ("${{a${{inputs.x}}", ["${{a", X]),
    ],
)
def test_texts_and_expressions_come_in_their_order(text, found):
    """Blanks inside of the braces do not count; half an expression is text."""
    assert pieces(text) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("${{inputs.x}}", X),
        (" ${{inputs.x}} ", X),
        ("a ${{inputs.x}}", None),
        (3, None),
    ],
)
def test_a_value_may_be_one_expression(value, found):
    """Only with nothing around it."""
    assert single(value) == found


@pytest.mark.parametrize(
    ("text", "present", "opened"),
    [
        ("a $[[--x ${{inputs.x}}]] b", True, "a --x ${{inputs.x}} b"),
        ("a $[[--x ${{inputs.x}}]] b", False, "a  b"),
        ("$[[a\n${{inputs.x}}]]", True, "a\n${{inputs.x}}"),
        ("--x $[[inputs.x]]", True, "--x ${{inputs.x}}"),
        ("--x $[[inputs.x]]", False, "--x "),
        ("$[[-v]]", False, "-v"),
    ],
)
def test_optional_parts_come_and_go(text, present, opened):
    """Whatever stands in them; one without braces is read as if it had them."""
    assert without_optional_parts(text, lambda _: present) == opened
