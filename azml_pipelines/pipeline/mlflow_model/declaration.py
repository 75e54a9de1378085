"""An MLflow model in the place of an entry script: which, and how it is given files."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.mlflow_model.fetching import check_mlflow
from azml_pipelines.pipeline.mlflow_model.mlmodel import MlModel, read_mlmodel
from azml_pipelines.pipeline.mlflow_model.requirements import what_differs
from azml_pipelines.pipeline.mlflow_model.sources import (
    KeptModel,
    ModelHome,
    keep_source,
    local_folder,
    unkept,
)
from azml_pipelines.pipeline.mlflow_model.trust import what_would_run
from azml_pipelines.pipeline.problems import one_line
from azml_pipelines.wording import listed, shown
from azml_pipelines.worker.mlflow_model.options import MlflowOptions
from azml_pipelines.worker.mlflow_model.signature import BadParamsError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MlflowModel", "make_mlflow_model"]


class MlflowModel(BaseModel):
    """A model that is scored without a script."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1, max_length=4096)
    """A folder with an ``MLmodel`` file; ``azureml:name:version`` for a model that is
    registered in the workspace (``azureml:name`` for its latest version); an address
    that MLflow knows (``models:/name/version``, ``models:/name@alias``,
    ``runs:/id/path``); or the URL of a folder on a store. It is looked up once, when
    the pipeline is submitted."""
    tracking_uri: str | None = None
    """MLflow's server, for addresses of MLflow; ``MLFLOW_TRACKING_URI`` if None."""
    params: dict[str, JsonValue] = Field(default_factory=dict)
    """Given to each ``predict()``; only those that the signature knows."""
    max_rows_per_predict: int | None = Field(default=None, ge=1)
    """Rows of a file for one ``predict()``; None gives it the whole file."""
    unsupported_files: Literal["fail", "skip"] = "fail"
    """What becomes of files that are neither rows nor images."""
    file_names: Literal["base", "relative"] = "base"
    """``relative`` keeps the folders below the input."""
    trust: Literal["data-only", "code"] = "data-only"
    """``code`` lets the model's own code run, and unpickles what it has pickled."""
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    """What the model's digest has to be. Who names it, has looked at the model, and
    trusts its code."""
    requirements: Literal["warn", "fail", "ignore"] = "warn"
    """What becomes of a model that was saved with other packages."""

    @field_validator("model", mode="before")
    @classmethod
    def _as_text(cls, model: object) -> object:
        if isinstance(model, os.PathLike):
            return os.fspath(model)
        name, number = getattr(model, "name", None), getattr(model, "version", None)
        if isinstance(name, str) and isinstance(number, int):
            return f"azureml:{name}:{number}"
        return model

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        """Look at a model that lies in a folder where it was written, not later."""
        folder = local_folder(self.model)
        if folder is not None:
            self._read(f"model {shown(self.model)}", folder)
        return self

    def options(self, step: str, home: ModelHome, *, here: bool = True) -> str:
        """Keep the model as it is now, and return what worker processes have to know.

        Args:
            step: Name of the step, for messages.
            home: Where the model is kept.
            here: Whether this interpreter runs it, so that its packages count.

        Raises:
            DeclarationError: There is no such model, it may not be loaded, or not here.
        """
        what = f"Step {shown(step)}: model {shown(self.model)}"

        def check(found: KeptModel) -> None:
            self._options(what, found, here=False)

        kept = keep_source(what, self.model, home, self.tracking_uri, check)
        return self._options(what, kept, here=here)

    def serving_options(self) -> str:
        """Return what processes have to know that serve the model from its folder.

        Raises:
            DeclarationError: It is no folder, it may not be loaded, or not here.
        """
        what = f"model {shown(self.model)}"
        folder = local_folder(self.model)
        if folder is None:
            msg = f"{what} is no folder. Give the folder with its MLmodel file."
            raise DeclarationError(msg)
        return self._options(what, unkept(what, folder), here=True)

    def _options(self, what: str, kept: KeptModel, *, here: bool) -> str:
        if self.sha256 not in {None, kept.sha256}:
            msg = (
                f"{what} has the digest {kept.sha256}, not {self.sha256}. Look at what "
                "has changed before you name its digest."
            )
            raise DeclarationError(msg)
        found = self._read(what, kept.folder)
        if here:
            self._compare(what, found)
        return MlflowOptions(
            model=str(kept.folder),
            sha256=kept.sha256,
            source=kept.source,
            inputs=found.inputs,
            outputs=found.outputs,
            params_schema=found.params,
            params=found.signature.checked_params(self.params),
            max_rows_per_predict=self.max_rows_per_predict,
            unsupported_files=self.unsupported_files,
            file_names=self.file_names,
            data_only=not self._trusted,
        ).encode()

    @property
    def _trusted(self) -> bool:
        return self.trust == "code" or self.sha256 is not None

    def _read(self, what: str, folder: Path) -> MlModel:
        found = read_mlmodel(what, folder)
        would_run = what_would_run(found)
        if would_run and not self._trusted:
            msg = (
                f"{what} is not loaded, because that runs what its author wrote: "
                f"{listed(would_run, 200)}. If you trust the author, say trust='code', "
                "or name the sha256 of the model that you have looked at."
            )
            raise DeclarationError(msg)
        try:
            found.signature.checked_params(self.params)
        except BadParamsError as error:
            msg = f"{what}: {error}. Mend params."
            raise DeclarationError(msg) from error
        return found

    def _compare(self, what: str, found: MlModel) -> None:
        """Say what the model was saved with and is not here."""
        check_mlflow(what)
        if self.requirements == "ignore":
            return
        differences = what_differs(found.folder, found.pyfunc.get("python_version"))
        if differences:
            line = (
                f"{what} was saved with other packages than there are here: "
                f"{listed(differences, 300)}."
            )
            if self.requirements == "fail":
                msg = f"{line} Install those, or say requirements='warn'."
                raise DeclarationError(msg)
            warnings.warn(line, stacklevel=2)


def make_mlflow_model(**given: Any) -> MlflowModel:  # noqa: ANN401 - checked here
    """Return a model, or say in one line what is wrong with its arguments.

    Raises:
        DeclarationError: An argument is missing, unknown or has a bad value; the model
            cannot be read, or may not be loaded.
    """
    try:
        return MlflowModel.model_validate(given)
    except DeclarationError:
        raise
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            inner = problem.get("ctx", {}).get("error")
            if isinstance(inner, DeclarationError):
                raise inner from None
        msg = f"from_mlflow_model: {one_line(error)}."
        raise DeclarationError(msg) from None
