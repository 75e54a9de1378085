"""``python -m chaos.baseline_driver TOOL PLAN``: the same work on another tool, plainly.

One task per mini-batch, each appends its rows to the output itself, failed tasks are
submitted again: what a careful user of the tool would write on one page.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TOOLS", "Plan"]

_WORKERS = 2
_TRIES = 10
_PATIENCE_SECONDS = 4.0


@dataclass(frozen=True)
class Plan:
    """What is to be done, and what goes wrong in it."""

    folder: str
    mini_batches: int
    rows: int = 5
    stuck: tuple[int, ...] = ()
    children: bool = False
    """Whether stuck mini-batches start a process in a session of its own."""
    bad_starts: int = 0

    @property
    def output(self) -> Path:
        """The one file that all workers append to."""
        return Path(self.folder, "rows.txt")


def work(plan: Plan, number: int) -> int:
    """Do one mini-batch."""
    if number in plan.stuck:
        if plan.children:
            subprocess.Popen(["sleep", "1000"], start_new_session=True, cwd=plan.folder)
        Path(plan.folder, f"stuck-{number}").write_text(f"{os.getpid()}")
        sum(range(10**13))
    time.sleep(0.001)
    first = number * plan.rows
    with plan.output.open("a") as file:
        for name in (f"{item:06d}" for item in range(first, first + plan.rows)):
            file.write(f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n")
            file.flush()
    return number


def start_badly(folder: str, bad_starts: int) -> None:
    """Crash on the first starts."""
    notes = os.open(Path(folder, "starts"), os.O_RDWR | os.O_APPEND | os.O_CREAT)
    os.write(notes, b".")
    if os.fstat(notes).st_size <= bad_starts:
        ctypes.string_at(0)


def _after_patience(plan: Plan, cancel: Callable[[], object]) -> None:
    """Cancel what is stuck after a while: all that these tools offer against it."""
    if plan.stuck and not plan.children:
        timer = threading.Timer(_PATIENCE_SECONDS, cancel)
        timer.daemon = True
        timer.start()


def on_dask(plan: Plan) -> None:
    """``dask.distributed``: a LocalCluster with its defaults, one task per mini-batch."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - only this tool
    from distributed import as_completed as completed  # noqa: PLC0415 - the same

    preload = f"from chaos.baseline_driver import start_badly\nstart_badly({plan.folder!r}, {plan.bad_starts})\n"
    options: dict[str, Any] = {"preload": [preload]} if plan.bad_starts else {}
    with (
        LocalCluster(
            n_workers=_WORKERS,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            local_directory=plan.folder,
            **options,
        ) as cluster,
        Client(cluster) as client,
    ):
        tasks = {
            client.submit(work, plan, number, pure=False): (number, 1)
            for number in range(plan.mini_batches)
        }
        stuck = [task for task, (number, _) in tasks.items() if number in plan.stuck]
        _after_patience(plan, lambda: client.cancel(stuck))
        queue = completed(tasks)
        for future in queue:
            number, tried = tasks.pop(future)
            if future.status in {"finished", "cancelled"}:
                continue
            if tried >= _TRIES:
                future.result()
            again = client.submit(work, plan, number, pure=False)
            tasks[again] = (number, tried + 1)
            queue.add(again)


def on_executor(plan: Plan) -> None:
    """``concurrent.futures.ProcessPoolExecutor``, one task per mini-batch."""
    with ProcessPoolExecutor(
        _WORKERS, initializer=start_badly, initargs=(plan.folder, plan.bad_starts)
    ) as pool:
        tasks = [pool.submit(work, plan, number) for number in range(plan.mini_batches)]
        stuck = [tasks[number] for number in plan.stuck]
        _after_patience(plan, lambda: [task.cancel() for task in stuck])
        for task in as_completed(tasks):
            if not task.cancelled():
                task.result()


def on_pool(plan: Plan) -> None:
    """``multiprocessing.Pool``, one task per mini-batch."""
    with multiprocessing.Pool(
        _WORKERS, initializer=start_badly, initargs=(plan.folder, plan.bad_starts)
    ) as pool:
        calls = [
            pool.apply_async(work, (plan, number))
            for number in range(plan.mini_batches)
        ]
        for call in calls:
            call.get()


TOOLS = {
    "dask.distributed": on_dask,
    "ProcessPoolExecutor": on_executor,
    "multiprocessing.Pool": on_pool,
}


def encode(plan: Plan) -> str:
    """Return a plan as an argument."""
    return json.dumps(asdict(plan))


def main() -> int:
    """Run one plan on one tool."""
    fields = json.loads(sys.argv[2])
    fields["stuck"] = tuple(fields["stuck"])
    TOOLS[sys.argv[1]](Plan(**fields))
    return 0


if __name__ == "__main__":
    sys.exit(main())
