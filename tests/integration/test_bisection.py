"""on_failed_mini_batch="bisect": bad items stand alone, good ones are kept in order."""

from __future__ import annotations

import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.testing import misbehaving

FILES = 40


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(misbehaving.RAISES, id="exception"),
        pytest.param(misbehaving.SLEEPS, id="timeout"),
        pytest.param(misbehaving.SEGFAULTS, id="crash"),
        pytest.param(misbehaving.RUNS_OUT_OF_MEMORY, id="memory"),
    ],
)
def test_only_the_bad_item_fails(job, behaviour):
    """One item of twenty is given up; the other nineteen are in their places."""
    script = misbehaving.script(behaviour, item="00007.txt")

    run = job.finish(
        script,
        files=FILES,
        mini_batch_size=20,
        run_max_try=1,
        run_invocation_timeout=1,
        on_failed_mini_batch="bisect",
        memory_limit_per_process="300MB",
    )
    expected = b"".join(b"%05d.txt\n" % n for n in range(FILES) if n != 7)
    step = run.state().steps[0]

    assert run.get_status() == "Finished"
    assert job.output(run) == expected
    assert (step.succeeded_items, step.failed_items) == (FILES - 1, 1)
    assert (step.done_mini_batches, step.failed_mini_batches) == (2, 1)


def test_several_bad_items(job):
    """Each of them is found, wherever it stands."""
    script = (
        "import os\n"
        "def run(mini_batch):\n"
        "    names = [os.path.basename(path) for path in mini_batch]\n"
        "    if any(int(name[:5]) % 7 == 3 for name in names):\n"
        "        raise ValueError('a bad one among them')\n"
        "    return names\n"
    )

    run = job.finish(
        script, files=FILES, mini_batch_size=10, on_failed_mini_batch="bisect"
    )
    expected = b"".join(b"%05d.txt\n" % n for n in range(FILES) if n % 7 != 3)
    bad = len([n for n in range(FILES) if n % 7 == 3])

    assert job.output(run) == expected
    assert run.state().steps[0].failed_items == bad


def test_rows_of_a_table(job):
    """The rows of a piece are split like files are."""
    table = job.folder / "table.csv"
    table.write_text("n\n" + "".join(f"{n}\n" for n in range(50)))
    source = job.folder / "source"
    source.mkdir()
    (source / "score.py").write_text(
        "def run(frame):\n"
        "    if (frame['n'] == 33).any():\n"
        "        raise ValueError('33')\n"
        "    return frame\n"
    )
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(source),
        entry_script="score.py",
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        mini_batch_size="1KB",
        on_failed_mini_batch="bisect",
    )
    step = ParallelRunStep(
        name="score",
        parallel_run_config=config,
        inputs=[Dataset.Tabular.from_delimited_files(str(table)).as_named_input("t")],
        output=PipelineData("rows", datastore=job.workspace.get_default_datastore()),
    )
    run = Experiment(job.workspace, "tests").submit(Pipeline(job.workspace, [step]))
    run.wait_for_completion(show_output=False)

    expected = b"".join(b"%d\n" % n for n in range(50) if n != 33)

    assert job.output(run) == expected


def test_a_hog_fails_with_the_reason_memory(job):
    """Its neighbours do not notice; the reason says what it was."""
    script = misbehaving.script(misbehaving.RUNS_OUT_OF_MEMORY, item="00003.txt")

    run = job.finish(script, files=8, run_max_try=2, memory_limit_per_process="300MB")
    failures = job.failures(run)

    assert {"memory"} == {failure.reason for failure in failures}
    assert [3, 3] == [failure.mini_batch for failure in failures]
    assert run.state().steps[0].succeeded_items == 7


def test_a_limit_is_said_as_it_was_written(job):
    """Of what is shared, too, which no system call is refused for."""
    script = """
import mmap, time

def run(mini_batch):
    block = mmap.mmap(-1, 400 << 20)
    for place in range(0, len(block), 4096):
        block[place] = 1
    time.sleep(60)
"""
    run = job.finish(script, files=1, run_max_try=1, memory_limit_per_process="300MB")
    [failure] = job.failures(run)

    assert failure.reason == "memory"
    assert "memory_limit_per_process=300 MB, and was killed" in failure.message


def test_a_flood_of_output_is_bounded(job):
    """The first megabyte and the last ones are kept; a note says what was dropped."""
    script = (
        "import os\n"
        "def run(mini_batch):\n"
        "    for number in range(2000):\n"
        "        os.write(1, b'%07d ' % number * 2000)\n"
        "    return mini_batch\n"
    )

    run = job.finish(script, files=2, process_count_per_node=1)
    step = run.state().steps[0]
    logs = job.run_folder(run).step(step.step_run_id).logs
    text = next(logs.glob("user/stdout/*/*")).read_bytes()

    assert step.status == "Finished"
    assert text.startswith(b"0000000 ")
    assert text.endswith(b"0001999 ")
    assert b"bytes dropped" in text
    assert len(text) < 9 << 20


def test_a_result_that_is_too_large_is_refused(job):
    """The error names the limit, and the worker goes on."""
    script = (
        "def run(mini_batch):\n"
        "    big = '1' in mini_batch[0].rsplit('/', 1)[-1]\n"
        "    return ['x' * (5_000_000 if big else 10)]\n"
    )

    run = job.finish(script, files=2, run_max_try=1, max_result_bytes="1MB")
    failures = job.failures(run)

    assert [1] == [failure.mini_batch for failure in failures]
    assert "max_result_bytes" in failures[0].message
