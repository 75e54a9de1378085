"""Sleeps as long as it is told: work that needs no processor."""

import os
import time

SECONDS = float(os.environ["SECONDS"])
first = True


def run(mini_batch):
    """Return the name of each file."""
    global first
    if first:
        first = False
        try:
            with open(os.environ["FIRST_RUN_MARK"], "x") as mark:
                mark.write(repr(time.time()))
        except FileExistsError:
            pass
    time.sleep(SECONDS)
    return [os.path.basename(path) for path in mini_batch]
