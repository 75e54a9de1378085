"""The same with the model among the arguments, as in parallel jobs of version 2."""

import argparse
import os

import score


def init():
    """Have the weights found where the argument says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights")
    given, _ = parser.parse_known_args()
    os.environ["AZUREML_MODEL_DIR"] = os.path.dirname(given.weights)
    score.init()


def run(mini_batch):
    """Return one row for each review."""
    return score.run(mini_batch)
