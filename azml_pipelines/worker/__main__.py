"""``python -m azml_pipelines.worker FD``: the fork server of a node."""

from __future__ import annotations

import socket
import sys

from azml_pipelines.worker.forkserver import ForkServer
from azml_pipelines.worker.process import work


def main() -> int:
    """Serve the agent at the other end of the descriptor given as the only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    order = ForkServer(control).serve()
    if order is None:
        return 0
    return work(order)


if __name__ == "__main__":
    sys.exit(main())
