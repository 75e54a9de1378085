"""The text of each file behind its name."""

from pathlib import Path


def run(mini_batch):
    """Return one line for each file."""
    return [
        f"{Path(path).name}: {Path(path).read_text().strip()}" for path in mini_batch
    ]
