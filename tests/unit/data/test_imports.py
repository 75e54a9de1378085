"""What importing this room costs."""

from __future__ import annotations

import json
import subprocess
import sys


def test_declaring_loads_nothing_heavy(tmp_path):
    """A pipeline over files is declared, listed and copied without pandas or fsspec."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.csv").write_text("a\n1\n")
    script = f"""
import json, sys
from azml_pipelines.data.dataset import Dataset
from azml_pipelines.data.datastore import Datastore
files = Dataset.File.from_files({str(tmp_path / "a")!r})
files.download({str(tmp_path / "b")!r})
Dataset.Tabular.from_delimited_files({str(tmp_path / "a")!r}).as_named_input("rows")
heavy = ["pandas", "numpy", "fsspec", "dask", "networkx", "sqlalchemy", "rich"]
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == []
