"""D9: parquet with one large row group.

Injected: a parquet file with a single row group of 1 GB, cut at ``"10MB"``.

Must hold: about 100 mini-batches (90 to 110), every row once and in order, and no worker
process holds much more than one of them: 300 MB at most.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from azml_pipelines import Dataset
from chaos.process_tree import is_running, resident_bytes, workers
from chaos.standard_check import verify_problems
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_MEGABYTE = 1_000_000
_MOST_MEGABYTES = 300
_PIECE = 10 << 20
_ROW_BYTES = 1_024
_BLOCK_ROWS = 16_384
_DEADLINE = 600
_SCRIPT = """
def run(mini_batch):
    ids = mini_batch["id"]
    assert list(ids) == list(range(ids[0], ids[0] + len(ids)))
    return [f"{ids[0]} {len(ids)}"]
"""


def run(lab: Lab, size: Size) -> Verdict:
    """Read one row group in pieces."""
    verdict = Verdict()
    megabytes = size.of(64, 256, 1_024)
    path = lab.fresh_folder("parquet") / "one.parquet"
    rows = _write(lab, path, megabytes << 20)
    table = Dataset.Tabular.from_parquet_files(str(path))
    job = lab.submit(
        _SCRIPT, items=0, reads=table.as_named_input("rows"), mini_batch_size="10MB"
    )
    most = _watch(lab, job)
    status = lab.finish(job, _DEADLINE)
    found = [tuple(map(int, line.split())) for line in lab.output(job).splitlines()]
    stored = path.stat().st_size
    expected = stored / _PIECE
    verdict.note(
        row_group=f"{stored / (1 << 20):.0f} MB",
        mini_batches=len(found),
        worker=f"{most / _MEGABYTE:.0f} MB",
    )
    verdict.demand(status == "Finished", f"the run is {status}: {job.state().error}")
    verdict.demand(
        0.9 * expected <= len(found) <= 1.1 * expected + 1,
        f"{len(found)} mini-batches where {expected:.0f} were due",
    )
    ends = [0]
    for first, count in found:
        verdict.demand(
            first == ends[-1], f"rows {ends[-1]} to {first} are not in order"
        )
        ends.append(first + count)
    verdict.demand(ends[-1] == rows, f"{ends[-1]} rows of {rows}")
    verdict.demand(
        0 < most <= _MOST_MEGABYTES * _MEGABYTE, "a worker process held over 300 MB"
    )
    for problem in verify_problems(job):
        verdict.demand(False, f"azml verify: {problem}")
    return verdict


def _write(lab: Lab, path: Path, size: int) -> int:
    """Write a file of one row group that no compression makes smaller."""
    import pyarrow as pa  # noqa: PLC0415 - only this test needs it
    import pyarrow.parquet as pq  # noqa: PLC0415

    seed = hashlib.sha256(str(lab.seed).encode()).digest()
    schema = pa.schema({"id": pa.int64(), "data": pa.binary(_ROW_BYTES)})
    rows = size // _ROW_BYTES
    batches = []
    for first in range(0, rows, _BLOCK_ROWS):
        count = min(_BLOCK_ROWS, rows - first)
        block = hashlib.shake_256(seed + first.to_bytes(8, "big")).digest(
            count * _ROW_BYTES
        )
        data = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(_ROW_BYTES), count, [None, pa.py_buffer(block)]
        )
        ids = pa.array(range(first, first + count), pa.int64())
        batches.append(pa.record_batch([ids, data], schema=schema))
    table = pa.Table.from_batches(batches)
    pq.write_table(
        table, path, row_group_size=rows, compression="none", use_dictionary=False
    )
    return rows


def _watch(lab: Lab, job: PipelineRun) -> int:
    """Return the most memory that a worker process held, in bytes."""
    most = 0
    pid = None
    deadline = time.monotonic() + _DEADLINE
    while not job.state().ended_for_good and time.monotonic() < deadline:
        pid = pid or lab.orchestrator(job)
        if pid is not None and is_running(pid):
            most = max([most, *map(resident_bytes, workers(pid))])
        time.sleep(0.02)
    return most
