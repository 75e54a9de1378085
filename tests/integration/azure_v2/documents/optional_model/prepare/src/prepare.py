"""Put the numbers of all files into one."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path)
parser.add_argument("--prepared", type=Path)
parser.add_argument("--model", type=Path)
given = parser.parse_args()
added = 0 if given.model is None else int(given.model.read_text())
numbers = [int(file.read_text()) + added for file in sorted(given.data.iterdir())]
(given.prepared / "rows.txt").write_text("\n".join(map(str, numbers)))
