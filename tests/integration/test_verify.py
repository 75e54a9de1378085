"""`azml verify` sees every kind of damage and names the promise that it breaks."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from azml_pipelines.store.journal_file import connect
from azml_pipelines.store.journal_records import (
    checked_runs,
    forget_records,
    keep_records,
)
from azml_pipelines.store.verify import verify_run
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.worker.page import pack_record, unpack_records

FILES = 12
SCRIPT = """
import os

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if "00004.txt" in names:
        raise ValueError("four is bad")
    return names[:1] if "00008.txt" in names else names
"""


def sql(statement):
    """Damage by a statement on the journal."""

    def damage(folder, _):
        with closing(sqlite3.connect(folder.journal)) as connection:
            connection.execute(statement)
            connection.commit()

    return damage


def record(index, like=None, **fields):
    """Damage by a record that says something else, with all of its checks right."""

    def damage(folder, _):
        with closing(connect(folder.journal)) as connection:
            whole = {}
            for run in checked_runs(connection, 0):
                for done in unpack_records(run.records):
                    whole[done.mini_batch] = done, (run.part, run.name)
            changed, part = whole[index]
            if like is not None:
                model, part = whole[like]
                place = {"offset": model.offset, "length": model.length}
                fields.update(place, crc=model.crc)
            forget_records(connection, 0, [index])
            changed = pack_record(changed._replace(**fields))
            keep_records(connection, 0, part, changed, 0)

    return damage


def no_record(folder, _):
    """Take a record away."""
    with closing(connect(folder.journal)) as connection:
        forget_records(connection, 0, [3])


def edit(file, old, new):
    """Replace bytes of a file."""
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


def parts(folder):
    """Return the part files, those with rows first."""
    files = folder.root.glob("steps/*/parts/*.part")
    return sorted(files, key=lambda file: -file.stat().st_size)


def mini_batches(folder):
    """Return the frozen list."""
    (file,) = folder.root.glob("steps/*/mini_batches.jsonl")
    return file


def _edit_part(folder, _):
    edit(parts(folder)[0], b".txt", b".TXT")


def _cut_part(folder, _):
    os.truncate(parts(folder)[0], parts(folder)[0].stat().st_size - 1)


def _remove_part(folder, _):
    parts(folder)[0].unlink()


def _edit_plan(folder, _):
    edit(folder.plan, b'"node_count": 1', b'"node_count": 2')


def _break_plan(folder, _):
    folder.plan.write_text("{")


def _remove_plan(folder, _):
    folder.plan.unlink()


def _edit_list(folder, _):
    edit(mini_batches(folder), b"00003.txt", b"00033.txt")


def _cut_list(folder, _):
    lines = mini_batches(folder).read_bytes().splitlines(keepends=True)
    mini_batches(folder).write_bytes(b"".join(lines[:-1]))


def _remove_list(folder, _):
    mini_batches(folder).unlink()


def _edit_output(_, output):
    edit(output, b"00001", b"00007")


def _drop_row(_, output):
    edit(output, b"00001.txt\n", b"")


def _remove_output(_, output):
    output.unlink()


def _break_journal(folder, _):
    content = bytearray(folder.journal.read_bytes())
    content[100:2000] = bytes(1900)
    folder.journal.write_bytes(content)


DAMAGES = [
    pytest.param(_edit_part, "I3", id="a byte of a part"),
    pytest.param(_cut_part, "I3", id="the end of a part"),
    pytest.param(_remove_part, "I3", id="a part"),
    pytest.param(record(5, offset=1), "I3", id="an offset"),
    pytest.param(record(1, like=0), "I3", id="two slices of the same bytes"),
    pytest.param(no_record, "I10", id="a record is missing"),
    pytest.param(no_record, "I4", id="a row too many"),
    pytest.param(record(3, mini_batch=99), "I2", id="a record outside of the plan"),
    pytest.param(
        sql("UPDATE done SET first = first + 99"), "I2", id="a row that has moved"
    ),
    pytest.param(
        sql("UPDATE done SET records = zeroblob(length(records))"),
        "I2",
        id="records that were wiped out",
    ),
    pytest.param(
        sql("UPDATE failure SET mini_batch = 0"), "I2", id="done and failed at once"
    ),
    pytest.param(record(3, items=1), "I10", id="an item less"),
    pytest.param(_edit_plan, "I1", id="the plan"),
    pytest.param(_break_plan, "I1", id="half a plan"),
    pytest.param(_remove_plan, "I1", id="no plan"),
    pytest.param(_edit_list, "I1", id="the list"),
    pytest.param(_cut_list, "I1", id="the end of the list"),
    pytest.param(_remove_list, "I1", id="no list"),
    pytest.param(_edit_output, "I4", id="a byte of the output"),
    pytest.param(_drop_row, "I4", id="a row of the output"),
    pytest.param(_remove_output, "I4", id="no output"),
    pytest.param(
        sql("UPDATE step SET output_sha256 = 'x'"), "I4", id="the output's checksum"
    ),
    pytest.param(
        sql("UPDATE step SET succeeded_items = 3"), "I10", id="a counter of items"
    ),
    pytest.param(
        sql("UPDATE step SET done_mini_batches = 99"), "I10", id="another counter"
    ),
    pytest.param(sql("UPDATE run SET epoch = 0"), "I5", id="an earlier epoch"),
    pytest.param(sql("UPDATE run SET pid = 1"), "I5", id="a lease after the end"),
    pytest.param(
        sql("UPDATE run SET status = 'Failed'"), "I7", id="a failure without a name"
    ),
    pytest.param(_break_journal, "I2", id="the journal"),
]


@pytest.fixture
def finished(job):
    """A finished run with a failed mini-batch and a short one, and its output."""
    run = job.finish(SCRIPT, files=FILES, mini_batch_size=2, run_max_try=1)
    (place,) = run.output_places()
    from pathlib import Path

    return run.folder, Path(place.path)


def damaged(folder):
    """Return the promises that are broken."""
    return {finding.invariant for finding in verify_run(folder) if not finding.ok}


def test_every_damage_is_named(finished, tmp_path, subtests):
    """The whole run is clean; each damage to a copy of it is seen and named."""
    folder, output = finished
    content = output.read_bytes()
    before = set(folder.root.rglob("*"))

    assert set() == damaged(folder)
    assert before == set(folder.root.rglob("*"))

    for number, case in enumerate(DAMAGES):
        damage, invariant = case.values
        with subtests.test(case.id):
            copy = RunFolder(tmp_path / f"damaged-{number}")
            shutil.copytree(folder.root, copy.root)
            damage(copy, output)
            found = damaged(copy)
            output.write_bytes(content)

            assert invariant in found


def test_a_process_that_was_left_behind(finished):
    """Whatever user code has started knows the run's folder from its environment."""
    folder, _ = finished
    environment = {**os.environ, "AZML_RUN_FOLDER": str(folder.root)}
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environment
    ) as process:
        found = [finding for finding in verify_run(folder) if not finding.ok]
        process.communicate(b"\n")

    assert ["I8"] == [finding.invariant for finding in found]
    assert f"process {process.pid}" in found[0].text


def test_a_canceled_run_adds_up(job):
    """What was not processed is counted, and nothing is damaged."""
    import time

    slow = "import time\ndef run(batch):\n    time.sleep(0.05)\n    return batch\n"
    run = job.submit(slow, files=40)
    while run.state().steps[0].done_mini_batches < 3:
        time.sleep(0.01)
    run.cancel()
    run.wait_for_completion(show_output=False)
    findings = run.verify()
    (account,) = [finding for finding in findings if finding.invariant == "I10"]

    assert all(finding.ok for finding in findings)
    assert "+ 0 not processed" not in account.text


def test_a_run_that_goes_on_is_not_damaged(job):
    """One may look at it meanwhile."""
    import time

    slow = "import time\ndef run(batch):\n    time.sleep(0.05)\n    return batch\n"
    run = job.submit(slow, files=40)
    while run.state().steps[0].done_mini_batches < 3:
        time.sleep(0.01)
    findings = run.verify()
    run.cancel()
    run.wait_for_completion(show_output=False)

    assert [] == [finding for finding in findings if not finding.ok]
    assert json.dumps([finding.text for finding in findings])
