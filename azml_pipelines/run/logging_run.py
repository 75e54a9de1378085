"""What a script can log: metrics, tables, images, files, tags and properties."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import UserErrorException
from azml_pipelines.run.run_notes import artifact_path, copy_to, plain_value
from azml_pipelines.store.run_records import fold_metrics, fold_texts
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from azml_pipelines.store.run_records import Record

__all__ = ["LoggingRun"]

_WORDS = {"scalar": "scalar metric"}


class LoggingRun:
    """Logs what it is given; subclasses say where that goes. This one prints it."""

    def log(
        self, name: str, value: float | str, description: str = "", step: object = None
    ) -> None:
        """Log a number or text; the same name again makes a list of them.

        Raises:
            UserErrorException: The value is a list, or no number and no text.
        """
        if isinstance(value, (list, tuple)):
            msg = (
                f"log({shown(name)}, …) got a {type(value).__name__}; give one int, "
                "float or str, or use log_list()."
            )
            raise UserErrorException(msg)
        self._note("scalar", name, plain_value(name, value))

    def log_list(self, name: str, value: Sequence[Any], description: str = "") -> None:
        """Log a list of values; the same name again makes it longer."""
        self._note("list", name, plain_value(name, list(value)))

    def log_row(
        self, name: str, description: str | None = None, **kwargs: object
    ) -> None:
        """Log a row of named values; rows of one name make a table."""
        self._note("row", name, plain_value(name, kwargs))

    def log_table(
        self, name: str, value: Mapping[str, Any], description: str = ""
    ) -> None:
        """Log columns of values, by name."""
        self._note("table", name, plain_value(name, dict(value)))

    def log_image(
        self,
        name: str,
        path: str | None = None,
        plot: Any = None,  # noqa: ANN401 - a module or a figure of matplotlib
        description: str = "",
    ) -> None:
        """Keep an image and log its name.

        Args:
            name: Of the metric.
            path: Of an image file.
            plot: In its place, ``matplotlib.pyplot`` or a figure.
            description: Recorded nowhere.

        Raises:
            UserErrorException: Neither or both are given, or there is no such file.
        """
        if (path is None) == (plot is None):
            msg = f"log_image({shown(name)}, …) takes path or plot. Give one of them."
            raise UserErrorException(msg)
        kept = f"{name}{Path(path).suffix if path else '.png'}"
        if path is None:
            picture = io.BytesIO()
            plot.savefig(picture, format="png")
            picture.seek(0)
            self._keep(kept, picture)
        else:
            self._keep(kept, path)
        self._note("image", name, kept)

    def log_confusion_matrix(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log a confusion matrix: what version 1 draws from, kept as it is given.

        Args:
            name: Of the metric.
            value: A dictionary, or JSON of one: ``schema_type``, ``schema_version``
                and ``data``, here with ``class_labels`` and ``matrix``.
            description: Recorded nowhere.

        Raises:
            UserErrorException: It is neither, or has no ``data``.
        """
        self._note("confusion_matrix", name, _chart(name, value))

    def log_accuracy_table(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log an accuracy table; see ``log_confusion_matrix``.

        Its ``data`` has ``probability_tables``, ``percentile_tables`` and others.
        """
        self._note("accuracy_table", name, _chart(name, value))

    def log_residuals(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log a histogram of residuals; see ``log_confusion_matrix``.

        Its ``data`` has ``bin_edges``, ``bin_counts``, ``mean_residual`` and others.
        """
        self._note("residuals", name, _chart(name, value))

    def log_predictions(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log predictions against what was true; see ``log_confusion_matrix``.

        Its ``data`` has ``bin_averages``, ``bin_errors``, ``bin_counts`` and others.
        """
        self._note("predictions", name, _chart(name, value))

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: object = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Return what was logged so far, by name; only ``name`` if it is given."""
        found = fold_metrics(self._read())
        return found if name is None else {k: v for k, v in found.items() if k == name}

    def upload_file(
        self,
        name: str,
        path_or_stream: str | os.PathLike[str] | BinaryIO,
        datastore_name: str | None = None,
    ) -> None:
        """Keep a file with the run.

        Args:
            name: Relative path under which it is found again.
            path_or_stream: The file, or an open one.
            datastore_name: Recorded nowhere: files lie in the run's folder.

        Raises:
            UserErrorException: There is no such file, or the name is not allowed.
        """
        self._keep(name, path_or_stream)

    def upload_files(
        self, names: Sequence[str], paths: Sequence[str], datastore_name: object = None
    ) -> None:
        """Keep several files.

        Raises:
            UserErrorException: There are not as many names as paths, or one cannot be
                kept.
        """
        if len(names) != len(paths):
            msg = (
                f"upload_files got {len(names)} names and {len(paths)} paths. Give as "
                "many of each."
            )
            raise UserErrorException(msg)
        for name, path in zip(names, paths, strict=True):
            self._keep(name, path)

    def upload_folder(
        self, name: str, path: str, datastore_name: object = None
    ) -> None:
        """Keep every file below a folder under ``name``."""
        root = Path(path)
        for file in sorted(root.rglob("*")):
            if file.is_file():
                self._keep(f"{name}/{file.relative_to(root).as_posix()}", file)

    def get_file_names(self) -> list[str]:
        """Return the names of the files that are kept."""
        root = self._artifacts()
        files = (file for file in sorted(root.rglob("*")) if file.is_file())
        return [file.relative_to(root).as_posix() for file in files]

    def download_file(self, name: str, output_file_path: str | None = None) -> None:
        """Copy a kept file.

        Args:
            name: Of the file.
            output_file_path: A file, or a folder that exists; the current directory if
                None.

        Raises:
            UserErrorException: There is no such file.
        """
        source = artifact_path(self._artifacts(), name)
        if not source.is_file():
            known = ", ".join(self.get_file_names()[:10]) or "none"
            msg = f"The run has no file {shown(name)}; there are: {known}."
            raise UserErrorException(msg)
        copy_to(source, output_file_path)

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self._note("tag", key, "" if value is None else str(value))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set several tags."""
        for key, value in tags.items():
            self.tag(key, value)

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Take tags away that were set by scripts."""
        for key in tags:
            self._note("tag", key, None)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Set properties."""
        for key, value in properties.items():
            self._note("property", key, str(value))

    def get_tags(self) -> dict[str, str]:
        """Return the tags that scripts have set."""
        return fold_texts(self._read(), "tag")

    @property
    def tags(self) -> dict[str, str]:
        """The tags that scripts have set."""
        return self.get_tags()

    def get_properties(self) -> dict[str, str]:
        """Return the properties that scripts have set."""
        return fold_texts(self._read(), "property")

    @property
    def properties(self) -> dict[str, str]:
        """The properties that scripts have set."""
        return self.get_properties()

    def flush(self, timeout_seconds: float = 300) -> None:
        """Return at once: what is logged is written down already."""

    def _note(self, kind: str, name: str, value: object) -> None:
        self._print(kind, name, value)

    def _read(self) -> list[Record]:
        return []

    def _keep(self, name: str, source: str | os.PathLike[str] | BinaryIO) -> None:
        self._print("file", name, source)

    def _artifacts(self) -> Path:
        return Path(os.devnull)

    def _print(self, kind: str, name: str, value: object) -> None:
        what = _WORDS.get(kind, kind)
        print(f"Logged {what} {name}: {value}", flush=True)  # noqa: T201 - the log


def _chart(name: str, value: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return what a chart is drawn from, as JSON can hold it.

    Raises:
        UserErrorException: It is no dictionary and no JSON of one, or has no ``data``.
    """
    found: object = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            found = None
    if not isinstance(found, Mapping) or not isinstance(found.get("data"), Mapping):
        msg = (
            f"Metric {shown(name)} got {shown(value)}; give a dictionary, or JSON of "
            "one, with schema_type, schema_version and data."
        )
        raise UserErrorException(msg)
    chart: dict[str, Any] = plain_value(name, dict(found))
    return chart
