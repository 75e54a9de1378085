"""What a submission may say about earlier results."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import DeclarationError
from azml_pipelines.plan.reuse_options import ReuseOptions, reuse_options


@pytest.mark.parametrize(
    ("regenerate", "incremental", "expected"),
    [
        (False, False, ReuseOptions()),
        (None, None, ReuseOptions()),
        (True, True, ReuseOptions(regenerate=True, incremental="mini_batches")),
        ("b", "items", ReuseOptions(regenerate=("b",), incremental="items")),
        (["b", "a"], False, ReuseOptions(regenerate=("a", "b"))),
    ],
)
def test_accepted(
    regenerate: object, incremental: object, expected: ReuseOptions
) -> None:
    """All, none, one or several steps; by mini-batch or by item."""
    assert reuse_options(regenerate, incremental) == expected


@pytest.mark.parametrize("given", [1, 0, {"a": 1}, [1], object(), 1.5])
def test_refused_regenerate(given: object) -> None:
    """Anything else names what is accepted."""
    with pytest.raises(DeclarationError, match="Give True for all steps"):
        reuse_options(given)


@pytest.mark.parametrize("given", [1, 0, "rows", ["items"], object()])
def test_refused_incremental(given: object) -> None:
    """Anything else names what is accepted."""
    with pytest.raises(DeclarationError, match="or 'items'"):
        reuse_options(incremental=given)
