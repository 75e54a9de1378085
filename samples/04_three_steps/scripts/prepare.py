"""Cut the readings into one file per station, and leave out what was not measured."""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

from azml_pipelines import Run

parser = argparse.ArgumentParser()
parser.add_argument("--readings", required=True)
parser.add_argument("--cleaned", required=True)
arguments = parser.parse_args()

stations = defaultdict(list)
left_out = 0
with open(arguments.readings, newline="") as file:
    for row in csv.DictReader(file):
        if row["degrees"]:
            stations[row["station"]].append(row["degrees"])
        else:
            left_out += 1
for station, degrees in stations.items():
    Path(arguments.cleaned, f"{station}.txt").write_text("\n".join(degrees) + "\n")

run = Run.get_context()
run.log("stations", len(stations))
run.log("left_out", left_out)
print(f"{len(stations)} stations")
