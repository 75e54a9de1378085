"""What lies beside a script by mistake is said before it is copied."""

from __future__ import annotations

import pytest

from azml_pipelines.store.source_warnings import source_warnings


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(["score.py"], [], id="nothing to say"),
        pytest.param(["score.py", ".env"], ["secrets"], id="a secret"),
        pytest.param(["f"] * 2_000, [], id="many files"),
        pytest.param(["f"] * 2_001, ["2001 files"], id="too many"),
        pytest.param(["f"] * 2_001 + [".env"], ["secrets", "2002 files"], id="both"),
    ],
)
def test_one_line_each(files, said):
    """With the folder and the way out."""
    lines = list(source_warnings("/src", files))

    assert len(said) == len(lines)
    for word, line in zip(said, lines, strict=True):
        assert word in line
        assert "'/src'" in line
        assert ".amlignore" in line
        assert line.isprintable()
