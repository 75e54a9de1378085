"""Sums each row; a first row of minus ones keeps the process busy for a while."""

import time

BUSY_SECONDS = 3.0


def run(mini_batch):
    """Return one number per row."""
    if (mini_batch.iloc[0] == -1).all():
        end = time.perf_counter() + BUSY_SECONDS
        while time.perf_counter() < end:
            pass
    return mini_batch.sum(axis=1)
