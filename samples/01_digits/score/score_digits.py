"""Says which digit each image shows: a small network, in plain numpy."""

import os

import numpy as np
from PIL import Image

from azml_pipelines import Model

network = None


def init():
    """Load the weights once per process."""
    global network
    folder = Model.get_model_path("mnist")
    with np.load(os.path.join(folder, "mnist-mlp.npz")) as weights:
        network = dict(weights)


def read_image(path):
    """Return the 784 grey values of a 28 x 28 image."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), dtype=np.float32).reshape(784)


def run(mini_batch):
    """Return one line per image: its name and the digit."""
    pixels = np.stack([read_image(path) for path in mini_batch])
    first = np.maximum(pixels @ network["h1_kernel"] + network["h1_bias"], 0)
    second = np.maximum(first @ network["h2_kernel"] + network["h2_bias"], 0)
    scores = second @ network["output_kernel"]
    digits = scores.argmax(axis=1)
    names = [os.path.basename(path) for path in mini_batch]
    return [f"{name}: {digit}" for name, digit in zip(names, digits, strict=True)]
