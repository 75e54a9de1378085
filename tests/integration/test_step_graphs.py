"""Steps run when what they need has finished: together, not at all, or again."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise

import pytest

from azml_pipelines import (
    AmlCompute,
    CommandStep,
    ComputeTarget,
    Dataset,
    DataTransferStep,
    Environment,
    OutputFileDatasetConfig,
    ParallelRunConfig,
    ParallelRunStep,
    PipelineData,
)
from azml_pipelines.compute.machine import usable_cores
from azml_pipelines.data.data_reference import DataReference
from azml_pipelines.pipeline.condition import output_exists
from azml_pipelines.pipeline.step_sequence import StepSequence
from azml_pipelines.store.run_facts import read_run_facts

NOTHING = "pass"
FAILS = "raise RuntimeError('no')"
TABLE = "a,b\n1,2\n3,4\n"


@pytest.mark.skipif(usable_cores() < 2, reason="one core runs one step at a time")
def test_independent_steps_run_at_the_same_time(steps, tmp_path):
    """Each of the two waits for the other."""
    meets = """
import sys, time
from pathlib import Path
mine, other = map(Path, sys.argv[1:])
mine.touch()
while not other.exists():
    time.sleep(0.01)
"""
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    run = steps.run(
        steps.script(meets, "one", arguments=[one, two], timeout_seconds=60),
        steps.script(meets, "two", arguments=[two, one], timeout_seconds=60),
    )

    assert run.get_status() == "Finished", run.state().error


def test_a_compute_target_has_only_so_many_nodes(steps, workspace):
    """Steps that need nothing from each other wait for the nodes of its max_nodes."""
    settings = AmlCompute.provisioning_configuration(max_nodes=1)
    ComputeTarget.create(workspace, "one-node", settings)
    sleeps = "import time; time.sleep(0.3)"
    run = steps.run(
        *(steps.script(sleeps, f"s{n}", compute_target="one-node") for n in range(3))
    )
    times = sorted((step.started, step.ended) for step in run.state().steps)

    assert run.get_status() == "Finished", run.state().error
    assert all(one[1] <= next_one[0] for one, next_one in pairwise(times))


def test_a_failed_step_stops_only_what_needs_it(steps):
    """With continue_on_step_failure; the state tells them apart."""
    bad = steps.script(FAILS, "bad")
    after = steps.script(NOTHING, "after")
    after.run_after(bad)
    other = steps.script(NOTHING, "other")
    last = steps.script(NOTHING, "last")
    last.run_after(other)
    run = steps.run(after, last, continue_on_step_failure=True)

    assert run.get_status() == "Failed"
    assert steps.statuses(run) == {
        "bad": "Failed",
        "after": "NotStarted",
        "other": "Finished",
        "last": "Finished",
    }


def test_a_sequence_is_kept(steps, tmp_path):
    """A barrier between each element and the next."""
    log = tmp_path / "log"
    text = f"import sys; open({str(log)!r}, 'a').write(sys.argv[1])"
    a, b, c, d = (steps.script(text, name, arguments=[name]) for name in "abcd")
    run = steps.run(StepSequence(steps=[a, [b, c], d]))

    assert run.get_status() == "Finished", run.state().error
    assert log.read_text() in {"abcd", "acbd"}


def test_a_condition_on_a_metric_skips_a_step_and_what_needs_it(steps):
    """The run has finished all the same; the reason is written down."""
    text = "from azml_pipelines import Run; Run.get_context().log('accuracy', 0.5)"
    train = steps.script(text, "train")
    deploy = steps.script(FAILS, "deploy", when=train.metric("accuracy") > 0.9)
    notify = steps.script(FAILS, "notify")
    notify.run_after(deploy)
    fine = steps.script(NOTHING, "fine", when=train.metric("accuracy") <= 0.5)
    run = steps.run(notify, fine)

    assert run.get_status() == "Finished"
    assert steps.statuses(run) == {
        "train": "Finished",
        "deploy": "Skipped",
        "notify": "Skipped",
        "fine": "Finished",
    }
    reasons = {step.name: step.error for step in run.state().steps}
    assert reasons["deploy"] == (
        "skipped: metric 'accuracy' of step 'train' is 0.5, not > 0.9"
    )
    assert "'deploy', which it needs, was skipped" in reasons["notify"]
    assert run.find_step_run("deploy")[0].get_status() == "Skipped"


def test_a_condition_on_an_output(steps):
    """An output without files is one that nobody has written."""
    empty, full = PipelineData("empty"), PipelineData("full")
    text = "import os, sys; os.makedirs(sys.argv[1]); open(sys.argv[1] + '/a', 'w')"
    make = steps.script(text, "make", arguments=[full, empty], outputs=[full, empty])
    no = steps.script(FAILS, "no", when=output_exists(empty))
    yes = steps.script(NOTHING, "yes", when=output_exists(full))
    run = steps.run(make, no, yes)

    assert steps.statuses(run) == {
        "make": "Finished",
        "no": "Skipped",
        "yes": "Finished",
    }


def test_a_metric_that_was_not_logged_fails_the_step_that_asks_for_it(steps):
    """The message names what was logged instead."""
    text = "from azml_pipelines import Run; Run.get_context().log('loss', 1)"
    train = steps.script(text, "train")
    run = steps.run(steps.script(NOTHING, "use", when=train.metric("accuracy") > 0))

    assert run.state().error == (
        "Step 'use' failed: its condition needs metric 'accuracy' of step 'train', "
        "which has logged: loss."
    )


def test_a_run_goes_on_at_the_first_unfinished_step(steps, tmp_path):
    """What has finished is not done again."""
    log, flag = tmp_path / "log", tmp_path / "flag"
    notes = f"import sys; open({str(log)!r}, 'a').write(sys.argv[1])\n"
    first = steps.script(notes, "first", arguments=["1"])
    second = steps.script(
        notes + f"import os\nif not os.path.exists({str(flag)!r}): sys.exit(1)",
        "second",
        arguments=["2"],
    )
    second.run_after(first)
    run = steps.run(second)
    flag.touch()
    run.resume()
    run.wait_for_completion(show_output=False)

    assert run.get_status() == "Finished"
    assert log.read_text() == "122"


@pytest.fixture
def sleeping(steps, tmp_path):
    """Start a run whose only script has begun to sleep; yield it and its process."""
    pid = tmp_path / "pid"
    text = f"""
import os, time
from azml_pipelines import Run
Run.get_context().log("begun", 1)
open({str(pid)!r}, "w").write(str(os.getpid()))
time.sleep(120)
"""
    made = PipelineData("made")
    run = steps.submit(steps.script(text, "sleep", outputs=[made], arguments=[made]))
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return run, int(pid.read_text())


def gone(pid):
    """Whether a process ends within some seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_cancel_kills_the_script(sleeping, steps):
    """The step is canceled, and nothing is left of it."""
    run, pid = sleeping
    run.cancel()
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert steps.statuses(run) == {"sleep": "Canceled"}
    assert gone(pid)


def test_a_script_does_not_outlive_its_orchestrator(sleeping):
    """Killed with it; what it had logged by then stays."""
    run, pid = sleeping
    os.kill(read_run_facts(run.folder).driver.pid, signal.SIGKILL)

    assert gone(pid)
    assert run.find_step_run("sleep")[0].get_metrics() == {"begun": 1}
    assert run.get_status() == "Failed"


def test_every_output_is_an_input_of_every_kind(steps, workspace):
    """Folders and files, by scripts, commands and copies; as files, tables, batches."""
    store = workspace.get_default_datastore()
    producers = producing_steps(steps, store)
    readers = [
        reader
        for name, data in producers.items()
        for reader in reading_steps(steps, name, data)
    ]
    run = steps.run(*readers)

    assert run.get_status() == "Finished", run.state().error
    results = {
        name: steps.place(run, name)
        for name in (one.name for one in run.output_places())
        if name.startswith("result")
    }
    assert len(results) == 6 * len(producers)
    for name, place in results.items():
        file = place if place.is_file() else next(place.iterdir())
        assert sorted(file.read_text().split()) == ["1,2", "3,4"], name


def producing_steps(steps, store):
    """Return the output of a step of each kind, by a name for it."""
    folder = PipelineData("folder", datastore=store)
    file = PipelineData("single", datastore=store)
    config = OutputFileDatasetConfig("config")
    by_command = PipelineData("by_command")
    writes = f"""
import os, sys
os.makedirs(sys.argv[1], exist_ok=True)
with open(os.path.join(sys.argv[1], "rows.csv"), "w") as out:
    out.write({TABLE!r})
"""
    writes_file = f"import sys; open(sys.argv[1], 'w').write({TABLE!r})"
    steps.script(writes, "a-folder", arguments=[folder], outputs=[folder])
    steps.script(writes_file, "a-file", arguments=[file], outputs=[file])
    steps.script(writes, "a-config", arguments=[config])
    CommandStep(
        [
            "mkdir",
            by_command,
            "&& printf 'a,b\\n1,2\\n3,4\\n' >",
            f"{by_command}/r.csv",
        ],
        name="a-command",
        outputs=[by_command],
        source_directory=steps.source(NOTHING),
    )
    target = DataReference(store, "copied", "copies/one")
    copy = DataTransferStep("a-copy", folder, target)
    return {
        "folder": folder,
        "single": file,
        "config": config.pipeline_data,
        "command": by_command,
        "copied": copy.get_output(),
    }


def reading_steps(steps, name, data):
    """Return steps that read an output in every way, each with a result."""
    table = data.as_dataset().parse_delimited_files()
    reads = """
import sys
from pathlib import Path
place = Path(sys.argv[1])
file = place if place.is_file() else next(place.rglob("*.csv"))
Path(sys.argv[2]).write_text("".join(file.read_text().splitlines(True)[1:]))
"""
    reads_table = """
import sys
from azml_pipelines import Run
frame = Run.get_context().input_datasets["table"].to_pandas_dataframe()
frame.to_csv(sys.argv[1], header=False, index=False)
"""
    batches = "def run(b): return [l for p in b for l in open(p).read().split()[1:]]"
    rows = "def run(b): return [f'{x},{y}' for x, y in b.itertuples(index=False)]"
    results = [PipelineData(f"result{n}_{name}") for n in range(6)]
    command = CommandStep(
        ["cat $(find", data, "-name '*.csv' -o -type f) | tail -n 2 >", results[2]],
        name=f"r2-{name}",
        inputs=[data],
        outputs=[results[2]],
        source_directory=steps.source(NOTHING),
    )
    copied = data.as_download(f"in_{name}")

    def reader(number, text, source, *arguments):
        return steps.script(
            text,
            f"r{number}-{name}",
            arguments=[*arguments, results[number]],
            inputs=[source],
            outputs=[results[number]],
        )

    return [
        reader(0, reads, data, data),
        reader(1, reads_table, table.as_named_input("table")),
        command,
        parallel(steps, f"r3-{name}", batches, data.as_dataset(), results[3]),
        parallel(steps, f"r4-{name}", rows, table, results[4]),
        reader(5, reads, copied, copied),
    ]


def parallel(steps, name, text, data, result):
    """Return a parallel step over an output."""
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=steps.source(text),
        entry_script="main.py",
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
    )
    return ParallelRunStep(
        name=name,
        parallel_run_config=config,
        inputs=[data.as_named_input("rows")],
        output=result,
    )


def test_a_dataset_is_copied_onto_a_datastore(steps, workspace, tmp_path):
    """A folder keeps what is below it."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.txt").write_text("a")
    dataset = Dataset.File.from_files(str(tmp_path / "data"))
    target = DataReference(workspace.get_default_datastore(), "copied", "to/here")
    run = steps.run(DataTransferStep("copy", dataset.as_named_input("data"), target))

    assert run.get_status() == "Finished", run.state().error
    assert (steps.place(run, "copied") / "deep" / "a.txt").read_text() == "a"
