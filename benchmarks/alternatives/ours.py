"""azml-pipelines, with every guarantee on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.work import Measured

if TYPE_CHECKING:
    from benchmarks.work import Work

__all__ = ["run"]


def run(work: Work) -> Measured:
    """Do the work; the rows come in the order of the input."""
    started = time.time()
    from azml_pipelines import Pipeline  # noqa: PLC0415 - its import is part of it
    from benchmarks.our_run import (  # noqa: PLC0415 - the same
        declare,
        output_of,
        submit,
        workspace_of,
    )

    workspace = workspace_of(work)
    step, _ = declare(workspace, work)
    done = submit(workspace, Pipeline(workspace=workspace, steps=[step]))
    done.wait_for_completion(show_output=False)
    ended = done.state().ended
    assert ended is not None
    first = work.first_run()
    return Measured(first - started, ended - first, str(output_of(done)))
