"""``python -m azml_pipelines.worker FD MODULE…``: the fork server of a node."""

from __future__ import annotations

import os
import socket
import sys
from importlib import import_module

from azml_pipelines.worker import script_entry  # noqa: F401 - workers find it loaded
from azml_pipelines.worker.forkserver import ForkServer, ScriptOrder
from azml_pipelines.worker.process import work
from azml_pipelines.worker.script_process import run_script


def main() -> int:
    """Serve the agent at the other end of the descriptor given as the first argument.

    The others are modules that workers will need: what is loaded before they are forked
    is loaded once.
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        import_module(module)
    order = ForkServer(control).serve()
    if order is None:
        # Nothing of a user's ran here, so nothing waits to be closed.
        os._exit(0)
    if isinstance(order, ScriptOrder):
        return run_script(order)
    return work(order)


if __name__ == "__main__":
    sys.exit(main())
