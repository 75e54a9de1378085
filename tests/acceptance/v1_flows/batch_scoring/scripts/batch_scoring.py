"""A label for each image, from a file of labels that is mounted beside them."""

import argparse
import json
import os

from azureml.core.model import Model


def init():
    """Read the labels and the model."""
    global label_dict, model
    parser = argparse.ArgumentParser(description="Start a model serving")
    parser.add_argument("--model_name", dest="model_name", required=True)
    parser.add_argument("--labels_dir", dest="labels_dir", required=True)
    args, _ = parser.parse_known_args()
    with open(os.path.join(args.labels_dir, "labels.txt")) as file:
        label_dict = file.read().splitlines()
    with open(Model.get_model_path(args.model_name)) as file:
        model = json.load(file)


def run(mini_batch):
    """Return ``name: label`` for each image."""
    result_list = []
    for file_path in mini_batch:
        with open(file_path, "rb") as file:
            bright = sum(file.read()) * model["weight"]
        label = label_dict[bright % len(label_dict)]
        result_list.append(os.path.basename(file_path) + ": " + label)
    return result_list
