"""Adds what a scikit-learn model says about each row of a table."""

import os
import time

import numpy as np
from sklearn.linear_model import LogisticRegression

SEED = 4
FEATURES = 10
first = True
model = None


def init():
    """Fit a small model, the same one in every process."""
    global model
    numbers = np.random.default_rng(SEED)
    features = numbers.standard_normal((2_000, FEATURES))
    classes = (features @ numbers.standard_normal((FEATURES, 4))).argmax(axis=1)
    model = LogisticRegression(max_iter=200).fit(features, classes)


def run(mini_batch):
    """Return the rows with one more column."""
    global first
    if first:
        first = False
        try:
            with open(os.environ["FIRST_RUN_MARK"], "x") as mark:
                mark.write(repr(time.time()))
        except FileExistsError:
            pass
    return mini_batch.assign(found=model.predict(mini_batch.to_numpy()))
