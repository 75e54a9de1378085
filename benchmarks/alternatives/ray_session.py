"""A Ray of our own, on this machine only, that ends with its round."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.work import Work

__all__ = ["ray_session"]

_STORE_BYTES = 1 << 30


@contextmanager
def ray_session(work: Work) -> Iterator[None]:
    """Start Ray and stop it again; without dashboard, reports or progress bars."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_DEDUP_LOGS"] = "0"
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    import ray  # noqa: PLC0415 - its import is part of it

    ray.init(
        # One for each process that does the work, and one for what reads the input.
        num_cpus=work.processes + 1,
        include_dashboard=False,
        object_store_memory=_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _temp_dir=str(Path(work.scratch, "r")),
        _node_ip_address="127.0.0.1",
    )
    try:
        yield
    finally:
        ray.shutdown()
