"""A picture with one bar per station, and the same as text."""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from azml_pipelines import Run

WIDTH, BAR, SCALE = 200, 20, 4

parser = argparse.ArgumentParser()
parser.add_argument("--scored", required=True)
parser.add_argument("--report", required=True)
arguments = parser.parse_args()

lines = Path(arguments.scored, "scores.csv").read_text().splitlines()
rows = [line.split(",") for line in lines]
picture = Image.new("RGB", (WIDTH, BAR * len(rows)), "white")
draw = ImageDraw.Draw(picture)
for number, (_, highest, hot) in enumerate(rows):
    top = number * BAR
    colour = "firebrick" if hot == "True" else "steelblue"
    draw.rectangle((0, top + 2, int(highest) * SCALE, top + BAR - 3), fill=colour)

folder = Path(arguments.report)
picture.save(folder / "highest.png")
text = "".join(
    f"{name}: {highest} {'hot' if hot == 'True' else ''}".rstrip() + "\n"
    for name, highest, hot in rows
)
(folder / "report.txt").write_text(text)

run = Run.get_context()
run.log_image("highest", path=str(folder / "highest.png"))
run.log("hot_stations", sum(hot == "True" for _, _, hot in rows))
