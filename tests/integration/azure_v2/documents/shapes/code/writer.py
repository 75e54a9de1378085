"""Files of its own in the output folder; nothing is returned for the rows."""

import os
from pathlib import Path


def run(mini_batch):
    """Write one file for each text."""
    output = Path(os.environ["AZUREML_BI_OUTPUT_PATH"])
    for path in mini_batch:
        (output / f"{Path(path).stem}.upper").write_text(Path(path).read_text().upper())
    return mini_batch
