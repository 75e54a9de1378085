"""Decodes small images and asks a small network what they show."""

import os
import time

import numpy as np
from PIL import Image

SEED = 4
FILTERS = 16
HIDDEN = 128
first = True
kernels = hidden = output = None


def init():
    """Make a network: one convolution, one hidden layer, ten classes."""
    global kernels, hidden, output
    numbers = np.random.default_rng(SEED)
    kernels = numbers.standard_normal((9, FILTERS), dtype=np.float32)
    hidden = numbers.standard_normal((13 * 13 * FILTERS, HIDDEN), dtype=np.float32)
    output = numbers.standard_normal((HIDDEN, 10), dtype=np.float32)


def classify(image):
    """Return the most likely class."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    found = np.maximum(windows.reshape(26 * 26, 9) @ kernels, 0)
    pooled = found.reshape(13, 2, 13, 2, FILTERS).max(axis=(1, 3))
    return int((np.maximum(pooled.reshape(-1) @ hidden, 0) @ output).argmax())


def run(mini_batch):
    """Return a line per image: its name and its class."""
    global first
    if first:
        first = False
        try:
            with open(os.environ["FIRST_RUN_MARK"], "x") as mark:
                mark.write(repr(time.time()))
        except FileExistsError:
            pass
    rows = []
    for path in mini_batch:
        with Image.open(path) as image:
            pixels = np.asarray(image, dtype=np.float32) / 255
        rows.append(f"{os.path.basename(path)} {classify(pixels)}")
    return rows
