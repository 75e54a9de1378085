"""A thousand real steps in a random graph, and a hundred branches that share slots."""

from __future__ import annotations

import time
from random import Random

import pytest

from azml_pipelines import CommandStep, PipelineData
from azml_pipelines.compute.machine import usable_cores

STEPS = 1_000
BRANCHES = 100
SECONDS = 60
COMMAND = """
log=$1; name=$2; out=$3; shift 3
echo "begin $name" >> "$log"
for input in "$@"; do [ -s "$input" ] || exit 3; done
echo "$name" > "$out"
echo "end $name" >> "$log"
"""
SCRIPT = """
import os, sys

def note(what):
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{what} {sys.argv[2]}\\n".encode())
    os.close(log)

note("begin")
for path in sys.argv[4:]:
    if not os.path.getsize(path):
        sys.exit(3)
with open(sys.argv[3], "w") as out:
    out.write(sys.argv[2])
note("end")
"""


def random_inputs(random: Random) -> list[list[int]]:
    """Return for each step of which earlier ones it reads the outputs."""
    width = random.randint(2, 200)
    return [
        sorted({random.randrange(max(n - width, 0), n) for _ in range(count)})
        for n in range(STEPS)
        for count in [random.randint(0, 3) if n else 0]
    ]


def declared(steps, log, inputs: list[list[int]], random: Random):
    """Return the steps, in an order that says nothing about who needs whom."""
    source = steps.source(SCRIPT)
    (steps.folder / source / "main.sh").write_text(COMMAND)
    outputs = [PipelineData(f"out{number}") for number in range(STEPS)]
    made = []
    for number, needed in enumerate(inputs):
        data = [outputs[other] for other in needed]
        arguments = [str(log), f"s{number}", outputs[number], *data]
        ports = {"inputs": data, "outputs": [outputs[number]]}
        if random.random() < 0.1:
            step = steps.script(SCRIPT, f"s{number}", arguments=arguments, **ports)
        else:
            step = CommandStep(
                ["sh main.sh", *arguments],
                name=f"s{number}",
                source_directory=source,
                **ports,
            )
        made.append(step)
    random.shuffle(made)
    return made


@pytest.mark.timeout(3 * SECONDS)
def test_a_thousand_steps_run_once_each_after_what_they_read(
    steps, tmp_path, request, record_property
):
    """By what they have written themselves, whatever the graph; and within a minute."""
    seed = int(request.config.getoption("--hypothesis-seed"))
    record_property("seed", seed)
    random = Random(seed)
    inputs = random_inputs(random)
    log = tmp_path / "log"
    begun = time.monotonic()
    run = steps.run(*declared(steps, log, inputs, random))
    seconds = time.monotonic() - begun
    lines = log.read_text().splitlines()
    place = {line: number for number, line in enumerate(lines)}
    too_early = [
        (f"s{number}", f"s{other}")
        for number, needed in enumerate(inputs)
        for other in needed
        if place[f"begin s{number}"] < place[f"end s{other}"]
    ]

    assert run.get_status() == "Finished", f"seed {seed}: {run.state().error}"
    assert len(lines) == len(place) == 2 * STEPS, f"seed {seed}"
    assert set(place) == {
        f"{what} s{number}" for what in ("begin", "end") for number in range(STEPS)
    }
    assert too_early == [], f"seed {seed}"
    assert set(steps.statuses(run).values()) == {"Finished"}
    assert seconds <= SECONDS


def test_a_hundred_branches_keep_the_slots_busy(steps, tmp_path):
    """Nine tenths of the time of all slots, and never more steps than slots."""
    times = tmp_path / "times"
    times.mkdir()
    text = f"""
import sys, time
begun = time.monotonic_ns()
time.sleep(0.25)
with open({str(times)!r} + "/" + sys.argv[1], "w") as out:
    out.write(f"{{begun}} {{time.monotonic_ns()}}")
"""
    first = steps.script("pass", "first")
    branches = [
        steps.script(text, f"branch{number}", arguments=[str(number)])
        for number in range(BRANCHES)
    ]
    for branch in branches:
        branch.run_after(first)
    run = steps.run(*branches)
    by_branch = [tuple(map(int, file.read_text().split())) for file in times.iterdir()]
    changes = sorted(
        [(begun, 1) for begun, _ in by_branch] + [(ended, -1) for _, ended in by_branch]
    )
    most = at_once = 0
    for _, change in changes:
        at_once += change
        most = max(most, at_once)
    states = [state for state in run.state().steps if state.name != "first"]
    used = sum(state.ended - state.started for state in states)
    span = max(s.ended for s in states) - min(s.started for s in states)

    assert run.get_status() == "Finished", run.state().error
    assert len(by_branch) == BRANCHES
    assert most == usable_cores()
    assert used / (usable_cores() * span) >= 0.9
