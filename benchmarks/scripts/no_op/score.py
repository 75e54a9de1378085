"""Does nothing: returns the paths it was given."""

import os
import time

first = True


def run(mini_batch):
    """Return one line per path."""
    global first
    if first:
        first = False
        try:
            with open(os.environ["FIRST_RUN_MARK"], "x") as mark:
                mark.write(repr(time.time()))
        except FileExistsError:
            pass
    return mini_batch
