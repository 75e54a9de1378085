"""What a worker process has to know about an MLflow model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

from azml_pipelines.worker.mlflow_model.signature import Signature

__all__ = ["MlflowOptions"]


@dataclass(frozen=True)
class MlflowOptions:
    """Which model it is, what it takes, and how files become that."""

    model: str
    """Absolute path of the folder with its ``MLmodel``."""
    sha256: str
    """Of all files of that folder; see ``folder_sha256``."""
    source: str = ""
    """The version that its address meant; empty for a folder."""
    inputs: Optional[str] = None  # noqa: UP045 - worker/ runs on Python 3.9 too
    """The signature's JSON, as ``MLmodel`` has it; None for a model without one."""
    outputs: Optional[str] = None  # noqa: UP045
    params_schema: Optional[str] = None  # noqa: UP045
    params: dict[str, Any] = field(default_factory=dict)
    """Given to each ``predict()``."""
    max_rows_per_predict: Optional[int] = None  # noqa: UP045
    """None gives a file to one ``predict()``, however long it is."""
    unsupported_files: str = "fail"
    """``skip`` leaves out files that no reader is known for."""
    file_names: str = "base"
    """``relative`` keeps the folders below the input."""
    data_only: bool = True
    """Whether the model was found to carry no code: nothing is unpickled for it."""

    @property
    def signature(self) -> Signature:
        """What the model takes."""
        return Signature.parse(self.inputs, self.outputs, self.params_schema)

    def encode(self) -> str:
        """Return the options as text."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> MlflowOptions:
        """Read what ``encode`` wrote."""
        return cls(**json.loads(text))
