"""Write one file for each combination of keys, and an MLTable beside them."""

import argparse
from pathlib import Path

import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--table")
parser.add_argument("--keys")
parser.add_argument("--to", type=Path)
given = parser.parse_args()
keys = given.keys.split(",")
for values, rows in pd.read_csv(given.table).groupby(keys):
    folder = given.to.joinpath(*map(str, values))
    folder.mkdir(parents=True, exist_ok=True)
    rows.drop(columns=keys).to_csv(folder / "rows.csv", index=False)
pattern = "/".join(["*"] * len(keys))
form = "/".join(f"{{{key}}}" for key in keys)
(given.to / "MLTable").write_text(
    f"""type: mltable
paths:
  - pattern: ./{pattern}/*.csv
transformations:
  - read_delimited:
      delimiter: ','
      encoding: ascii
      header: all_files_same_headers
  - extract_columns_from_partition_format:
      partition_format: '/{form}/{{name}}.csv'
"""
)
