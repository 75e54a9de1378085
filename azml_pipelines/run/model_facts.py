"""What is known about one version of a model, besides its files."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azml_pipelines.store.catalog import ModelRecord

__all__ = ["ModelFacts"]


class ModelFacts:
    """Name, version and what was said at registration.

    Args:
        record: One version, out of the catalog.
    """

    class Framework:
        """Names of frameworks; any other text is accepted as well."""

        CUSTOM = "Custom"
        TENSORFLOW = "TensorFlow"
        SCIKITLEARN = "ScikitLearn"
        ONNX = "Onnx"
        TFKERAS = "TfKeras"
        PYTORCH = "PyTorch"
        MULTI = "Multi"

    def __init__(self, record: ModelRecord) -> None:
        self._record = record

    @property
    def name(self) -> str:
        """The name given at registration."""
        return self._record.name

    @property
    def version(self) -> int:
        """1 for what was registered first under this name."""
        return self._record.version

    @property
    def id(self) -> str:
        """``name:version``."""
        return f"{self.name}:{self.version}"

    @property
    def description(self) -> str:
        """As given at registration."""
        return self._record.description or ""

    @property
    def tags(self) -> dict[str, str]:
        """As given at registration."""
        return dict(self._record.tags)

    @property
    def properties(self) -> dict[str, str]:
        """As given at registration."""
        return dict(self._record.properties)

    @property
    def model_framework(self) -> str:
        """As given at registration, else ``Custom``."""
        return self._record.framework or self.Framework.CUSTOM

    @property
    def model_framework_version(self) -> str:
        """As given at registration."""
        return self._record.framework_version or ""

    @property
    def created_time(self) -> datetime:
        """When this version was registered, UTC."""
        return datetime.fromtimestamp(self._record.created, timezone.utc)  # noqa: UP017 - Python 3.9
