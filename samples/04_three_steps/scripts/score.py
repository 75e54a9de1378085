"""One row per station: its highest reading, and whether that is above the limit."""

import argparse
from pathlib import Path


def init():
    """Read the arguments once per process."""
    global limit
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int)
    limit = parser.parse_known_args()[0].limit


def run(mini_batch):
    """Return ``station,highest,hot`` for each file."""
    rows = []
    for path in map(Path, mini_batch):
        highest = max(map(int, path.read_text().split()))
        rows.append(f"{path.stem},{highest},{highest > limit}")
    return rows
