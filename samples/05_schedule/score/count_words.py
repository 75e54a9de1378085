"""Counts the words of each text."""

from pathlib import Path


def run(mini_batch):
    """Return a line per file: its name and how many words it has."""
    lines = []
    for file in mini_batch:
        path = Path(file)
        lines.append(f"{path.name} {len(path.read_text().split())}")
    return lines
