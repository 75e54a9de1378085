"""Which digit each image shows."""

import os

import numpy as np
from azureml.core import Model
from PIL import Image


def init():
    """Load the weights from the folder of the registered model."""
    global weights
    model_path = Model.get_model_path("mnist")
    weights = dict(np.load(os.path.join(model_path, "mnist-mlp.npz")))


def run(mini_batch):
    """Return ``name: digit`` for each image."""
    print(f"run method start: {__file__}, run({mini_batch})")
    result_list = []
    for image in mini_batch:
        pixels = np.asarray(Image.open(image).convert("L"), np.float32).reshape(784)
        first = np.maximum(pixels @ weights["h1_kernel"] + weights["h1_bias"], 0)
        second = np.maximum(first @ weights["h2_kernel"] + weights["h2_bias"], 0)
        best = np.argmax(second @ weights["output_kernel"])
        result_list.append(f"{os.path.basename(image)}: {best}")
    return result_list
