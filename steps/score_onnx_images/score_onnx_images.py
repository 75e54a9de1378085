"""Scores images with an ONNX classifier: one line per image, ``name: class``.

Arguments:
    --model: Name of a registered model: one ``.onnx`` file, or a folder that holds one.
    --scale: Factor for the grey values 0 to 255; 1 leaves them as they are.
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from azml_pipelines import Model

session = None
size = (0, 0)
scale = 1.0


def find_onnx_file(place):
    """Return the only ``.onnx`` file in ``place``, which may be that file itself."""
    path = Path(place)
    files = [path] if path.is_file() else sorted(path.rglob("*.onnx"))
    if len(files) != 1:
        msg = f"{place} holds {len(files)} .onnx files; exactly one is needed"
        raise ValueError(msg)
    return files[0]


def init():
    """Load the model once per process, with one thread each."""
    global session, size, scale
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments, _ = parser.parse_known_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    file = find_onnx_file(Model.get_model_path(arguments.model))
    session = onnxruntime.InferenceSession(str(file), options)
    shape = session.get_inputs()[0].shape
    pixels = shape[-1] if len(shape) == 2 else None
    side = int(pixels**0.5) if pixels else 0
    size = (side, side) if pixels else (shape[-1], shape[-2])
    scale = arguments.scale


def read_image(path):
    """Return the grey values of an image, in the size that the model takes."""
    with Image.open(path) as image:
        grey = image.convert("L")
        if grey.size != size:
            grey = grey.resize(size)
        return np.asarray(grey, dtype=np.float32) * scale


def run(mini_batch):
    """Return the class with the highest score for each image."""
    images = np.stack([read_image(path) for path in mini_batch])
    model_input = session.get_inputs()[0]
    batch = images
    if len(model_input.shape) == 2:
        batch = batch.reshape(len(mini_batch), -1)
    elif len(model_input.shape) == 4:
        batch = batch[:, np.newaxis]
    scores = session.run(None, {model_input.name: batch})[0]
    classes = scores.argmax(axis=-1)
    names = [Path(path).name for path in mini_batch]
    return [f"{name}: {best}" for name, best in zip(names, classes, strict=True)]
