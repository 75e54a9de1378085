"""Three classes by the length of a petal."""

import argparse
import json
from pathlib import Path


def init():
    """Read the limits."""
    global limits
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model", type=Path)
    given, _ = parser.parse_known_args()
    limits = json.loads(given.model.read_text())


def run(mini_batch):
    """Return the rows with their class."""
    rows = mini_batch.copy()
    rows["class"] = "large"
    rows.loc[rows["petal"] < limits["middle"], "class"] = "middle"
    rows.loc[rows["petal"] < limits["small"], "class"] = "small one"
    return rows
