"""``python -m chaos.failpoint_case FOLDER fault|recover plain|frame``: one case of T4.

A process of its own, because a failpoint may kill whoever reaches it. Prints one line of
JSON with what came of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from azml_pipelines import PipelineRun, Workspace
from azml_pipelines.errors import AzmlError
from chaos.lab import OUTPUT, Account, Lab, names, rows, wait_for
from chaos.standard_check import verify_problems

__all__ = ["ITEMS", "SCRIPTS"]

ITEMS = 40
_SECONDS = 45
_PLAIN = """
import hashlib, os, time


def run(mini_batch):
    time.sleep(0.002)
    names = [os.path.basename(path) for path in mini_batch]
    if '000007' in names:
        raise ValueError('this item is bad')
    return [f"{n} {hashlib.sha256(n.encode()).hexdigest()}" for n in names]
"""
_FRAME = """
import hashlib, os
import pandas


def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    return pandas.DataFrame({'n': names, 'h': [
        hashlib.sha256(n.encode()).hexdigest() for n in names]})
"""
SCRIPTS = {"plain": _PLAIN, "frame": _FRAME}


def expected(kind: str) -> bytes:
    """Return the output of a run without faults."""
    if kind == "plain":
        return rows(name for name in names(ITEMS) if name != "000007")
    return b"n h\n" + rows(names(ITEMS))


def _lab(folder: Path) -> Lab:
    if (folder / "workspace" / "config.json").exists():
        return Lab(
            "T4", 0, root=folder, workspace=Workspace.from_config(folder / "workspace")
        )
    return Lab("T4", 0, root=folder)


def _submit(lab: Lab, kind: str) -> PipelineRun:
    arguments = ["--append_row_dataframe_header", "True"] if kind == "frame" else []
    return lab.submit(SCRIPTS[kind], items=ITEMS, run_max_try=2, arguments=arguments)


def _fault(lab: Lab, kind: str) -> dict[str, Any]:
    try:
        job = _submit(lab, kind)
    except (AzmlError, OSError) as error:
        return {"status": "not submitted", "error": f"{type(error).__name__}: {error}"}
    status = lab.finish(job, _SECONDS)
    return {"status": status, "error": job.state().error}


def _recover(lab: Lab, kind: str) -> dict[str, Any]:
    problems: list[str] = []
    before = [path.read_bytes() for path in lab.root.rglob(OUTPUT)]
    for found in before:
        account = Account.of(found, expected(kind))
        if account.torn or account.duplicate:
            problems.append("a file at the final path is not complete")
    runs = (
        [
            PipelineRun.get(lab.workspace, folder.name)
            for folder in sorted((lab.root / "workspace/.azml/runs").glob("[!.]*"))
            if (folder / "plan.json").is_file()
        ]
        if (lab.root / "workspace/.azml/runs").is_dir()
        else []
    )
    job = runs[0] if runs else _submit(lab, kind)
    resumed = False
    # An orchestrator that was just started needs a moment to say so.
    wait_for(lambda: job.get_status() not in {"NotStarted", "Queued"}, 5)
    if runs and job.get_status() not in {"Finished", "Running"}:
        job.resume()
        resumed = True
    status = lab.finish(job, _SECONDS)
    step = job.state().steps[0]
    account = Account.of(lab.output(job), expected(kind))
    if status != "Finished":
        problems.append(f"recovered to {status}: {job.state().error}")
    elif not account.equal and (resumed or account.torn or account.duplicate):
        problems.append(f"rows {account.rows}/{account.expected} after recovery")
    elif account.rows + step.failed_items - (kind == "plain") != account.expected:
        problems.append(
            f"rows {account.rows} + failed {step.failed_items} are not the plan"
        )
    left = lab.left_after(3)
    if left:
        problems.append(f"{len(left)} processes are left")
    problems += [f"verify: {text}" for text in verify_problems(job) or ()]
    temporary = [path.name for path in lab.root.rglob(f".{OUTPUT}.*.tmp")]
    if temporary:
        problems.append(f"left beside the output: {temporary[0]}")
    return {
        "status": status,
        "problems": problems,
        "resumed": resumed,
        "runs": len(runs),
    }


def main() -> int:
    """Do one half of a case."""
    folder, half, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with _lab(folder) as lab:
        found = _fault(lab, kind) if half == "fault" else _recover(lab, kind)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
