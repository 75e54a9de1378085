"""``python -m azml_pipelines.data.fetcher``: brings the files of one node's inputs.

A process of its own, so that worker processes know no credentials, load no clients and
are never forked from anything with threads. It reads lines of JSON: what the inputs
are, then ``{"take": bundle, "lines": "…"}`` and ``{"drop": bundle}``. It ends when its
standard input does.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from azml_pipelines.data.file_store import StoreError, StoreLocation, open_store
from azml_pipelines.data.node_cache import NodeCache
from azml_pipelines.data.prefetch import Prefetch, SuppliedFolder
from azml_pipelines.data.supply import everything_failed

__all__ = ["main"]


def main() -> int:
    """Serve whoever writes to standard input."""
    os.umask(0o077)
    first = sys.stdin.buffer.readline()
    if not first:
        return 0
    plan = json.loads(first)
    lease = NodeCache(Path(plan["cache"]), plan["most_bytes"]).lease()
    try:
        prefetch = Prefetch(_inputs(plan), lease, plan["abreast"])
        for line in sys.stdin.buffer:
            order = json.loads(line)
            if "take" in order:
                lines = order["lines"].encode("ascii").splitlines()
                prefetch.take(order["take"], lines)
            else:
                prefetch.drop(order["drop"])
        prefetch.close()
    finally:
        lease.close()
    # Threads may wait for a store; nobody waits for them.
    sys.stderr.flush()
    os._exit(0)


def _inputs(plan: dict[str, Any]) -> dict[int, SuppliedFolder]:
    inputs = {}
    for one in plan["inputs"]:
        location = StoreLocation(one["url"], one["options"], one["name"])
        try:
            store = open_store(location)
        except StoreError as error:
            everything_failed(one["folder"], error.message)
            continue
        inputs[one["number"]] = SuppliedFolder(store, Path(one["folder"]))
    return inputs


if __name__ == "__main__":
    sys.exit(main())
