"""How many long words each text has; the limit is the model."""

import os
from pathlib import Path

import pandas as pd


def init():
    """Read the limit; the model lies one folder below."""
    global limit
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    [file] = folder.glob("*/limit.txt")
    [only] = folder.glob("*/")
    assert only.name == "model"
    limit = int(file.read_text())


def run(mini_batch):
    """Return one row for each text."""
    rows = []
    for path in mini_batch:
        words = Path(path).read_text().split()
        if "bad" in words:
            raise ValueError("this text is bad")
        count = sum(len(word) >= limit for word in words)
        rows.append((Path(path).name, count, "many words" if count > 1 else "few"))
    return pd.DataFrame(rows)
