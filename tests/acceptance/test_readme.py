"""The README's example is run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_does_what_the_readme_says(tmp_path):
    """Two files typed from the README count the words of two texts."""
    entry_script, main_script = re.findall(
        r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL
    )[:2]
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "count_words.py").write_text(entry_script)
    (tmp_path / "main.py").write_text(main_script)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("one two three")
    (tmp_path / "texts" / "b.txt").write_text("four")

    subprocess.run([sys.executable, "main.py"], cwd=tmp_path, check=True)
    results = [file.read_text() for file in (tmp_path / "results").rglob("counts.txt")]

    assert results == ["a.txt: 3\nb.txt: 1\n"]
