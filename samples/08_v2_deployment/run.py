"""A batch deployment and a pipeline job of version 2, run from their documents.

Everything is done with `azml`, as on a command line; the only Python to write are the
scripts of the documents.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def azml(line):
    """Type a command; return what it prints."""
    command = [sys.executable, "-m", "azml_pipelines.cli", *line.split()]
    done = subprocess.run(
        command, cwd=HERE / "workspace", check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def main():
    """Score the reviews behind an endpoint, then with the words counted before."""
    shutil.rmtree(HERE / "workspace", ignore_errors=True)
    (HERE / "workspace").mkdir()
    azml("init")
    azml("batch-endpoint create -f ../endpoint.yml")
    azml("batch-deployment create -f ../deployment.yml --set-default")
    run = azml(
        "batch-endpoint invoke -n reviews --input ../reviews --mini-batch-size 2 "
        "--output-path scored"
    )
    azml(f"show {run} --watch")
    print((HERE / "workspace" / "scored" / "moods.csv").read_text(), end="")
    azml("job create -f ../pipeline.yml --wait")
    print((HERE / "workspace" / "best" / "best.txt").read_text(), end="")


if __name__ == "__main__":
    main()
