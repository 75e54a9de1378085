"""The mean of one part; results go to a folder, and nothing is returned."""

import argparse
import json
import os
from pathlib import Path


def init():
    """Find the folders."""
    global given
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--least-rows", type=int)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--notes", type=Path)
    given, _ = parser.parse_known_args()


def run(mini_batch, context):
    """Write the mean of one shop and one product."""
    keys = context.partition_key_value
    if len(mini_batch) < given.least_rows:
        raise ValueError(f"{len(mini_batch)} rows are too few")
    folder = given.models / str(keys["Shop"]) / str(keys["Product"])
    folder.mkdir(parents=True, exist_ok=True)
    model = {"mean": float(mini_batch["Units"].mean()), "rows": len(mini_batch)}
    (folder / "model.json").write_text(json.dumps(model))
    given.notes.mkdir(parents=True, exist_ok=True)
    note = given.notes / f"{context.minibatch_index}.txt"
    note.write_text(os.environ["GREETING"])
    return []
