"""Takes as long as the file is big; sleeping, so that only the order counts."""

import os
import time

SECONDS_PER_BYTE = 1e-6
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
    for path in mini_batch:
        time.sleep(os.stat(path).st_size * SECONDS_PER_BYTE)
    return [os.path.basename(path) for path in mini_batch]
