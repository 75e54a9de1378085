"""``python -m azml_pipelines.worker.mlflow_model.download ADDRESS FOLDER``.

Has MLflow find and fetch a model, in a process of its own: whoever submits a run never
imports MLflow. Prints one line of JSON: what the address meant at this moment.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from typing import Any

__all__ = ["main"]

_REGISTERED = re.compile(
    r"models:/(?P<name>[^/@]+)(?:/(?P<version>[^/@]+)|@(?P<alias>[^/@]+))"
)
_LOGGED = re.compile(r"m-[0-9a-f]{32}")


def main() -> int:
    """Fetch the model that the arguments name; return the exit code."""
    address, folder = sys.argv[1:3]
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    # What MLflow prints must not be taken for our line.
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        resolved = _resolved(address)
        artifacts = import_module("mlflow.artifacts")
        found = artifacts.download_artifacts(artifact_uri=resolved, dst_path=folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line
        line = " ".join(str(error).split())[:500]
        ours.write(json.dumps({"error": f"{type(error).__name__}: {line}"}))
        return 1
    finally:
        ours.flush()
    ours.write(json.dumps({"address": resolved, "folder": str(found)}))
    ours.flush()
    return 0


def _resolved(address: str) -> str:
    """Return an address that means the same tomorrow: aliases and ``latest`` move."""
    match = _REGISTERED.fullmatch(address)
    if match is None or (match["version"] or "").isdigit():
        return address
    client = import_module("mlflow").MlflowClient()
    name = match["name"]
    if match["alias"] is not None:
        version: Any = client.get_model_version_by_alias(name, match["alias"]).version
    elif match["version"] == "latest":
        found = client.search_model_versions(f"name = '{name}'")
        if not found:
            msg = f"no version of {name!r} is registered"
            raise LookupError(msg)
        version = max(int(one.version) for one in found)
    else:
        return address
    return f"models:/{name}/{version}"


if __name__ == "__main__":
    sys.exit(main())
