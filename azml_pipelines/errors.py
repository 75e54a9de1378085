"""Every error this package raises on purpose, under version 1's names.

* AzmlError                        the root; version 1 calls it AzureMLException
  - UserErrorException             a name, a path or an argument of a user is wrong
    . DatasetTimestampMissingError no column says the time of rows
    . IdempotencyError             an idempotency key was used for another request
    . ScheduleValueError           a schedule cannot fire as asked (ValueError too)
  - DeclarationError               the pipeline as written cannot run (ValueError too)
    . EmptyInputsError             a parallel step has no inputs (AssertionError too)
    . CycleError                   steps wait for each other in a circle
    . ParameterError               an override has no parameter or a wrong type
      . ParameterTypeError         an override of another dataset kind (TypeError too)
    . NotAvailableError            needs Azure (NotImplementedError too)
    . UnknownStepKindError         neither a step nor a list (NotImplementedError too)
    . SettingTypeError             a setting is no number (TypeError too)
    . SettingNotTextError          a setting is no text (AttributeError too)
    . UnknownArgumentError         no argument has this name (TypeError too)
    . BadYamlError                 a YAML file cannot be read, or is ambiguous
    . BadDocumentError             a document of version 2 has unknown or bad fields
  - WorkspaceException             a workspace cannot be found, made or opened
  - ComputeTargetException         a compute target is unknown or badly configured
  - WebserviceException            a model cannot be registered or fetched
    . ModelNotFoundException
  - RunEnvironmentException        asked for the current run outside of one
  - RunNotFoundError               no run has this id
  - ActivityFailedException        a run somebody waited for has failed
  - ExperimentExecutionException   waiting was interrupted
  - ExecutionError                 a step was started and did not finish
    . ErrorThresholdExceeded
    . NoItemSucceededError
    . EmptyDatasetError
    . InitFailedError
    . ComputeLostError
    . StalledRunError
    . ConditionError               the condition of a step cannot be decided
    . EnvironmentBuildError        an environment cannot be built, or lacks something
    . ScriptFailedError            a script or command of a step did not succeed
    . OutputError
    . DamagedPartError
    . RunCanceledError
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ActivityFailedException",
    "AzmlError",
    "BadDocumentError",
    "BadYamlError",
    "ComputeLostError",
    "ComputeTargetException",
    "ConditionError",
    "CycleError",
    "DamagedPartError",
    "DatasetTimestampMissingError",
    "DeclarationError",
    "EmptyDatasetError",
    "EmptyInputsError",
    "EnvironmentBuildError",
    "ErrorThresholdExceeded",
    "ExecutionError",
    "ExperimentExecutionException",
    "IdempotencyError",
    "InitFailedError",
    "ModelNotFoundException",
    "NoItemSucceededError",
    "NotAvailableError",
    "OutputError",
    "ParameterError",
    "ParameterTypeError",
    "RunCanceledError",
    "RunEnvironmentException",
    "RunNotFoundError",
    "ScheduleValueError",
    "ScriptFailedError",
    "SettingNotTextError",
    "SettingTypeError",
    "StalledRunError",
    "UnknownArgumentError",
    "UnknownStepKindError",
    "UserErrorException",
    "WebserviceException",
    "WorkspaceException",
]


class AzmlError(Exception):
    """The root of the tree.

    Args:
        message: What happened, to which value, what is accepted, what to do now.
        inner_exception: The error that led here, if there was one.
    """

    def __init__(
        self, message: str, *, inner_exception: BaseException | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.inner_exception = inner_exception


class UserErrorException(AzmlError):
    """A name, a path or an argument of a user is wrong."""


class DatasetTimestampMissingError(UserErrorException):
    """A table was asked for rows of a time, and no column says theirs."""


class IdempotencyError(UserErrorException):
    """An idempotency key stands for another request already."""


class ScheduleValueError(UserErrorException, ValueError):
    """A schedule cannot fire as it is asked to; version 1 raises a ValueError here."""


class DeclarationError(AzmlError, ValueError):
    """The pipeline as written cannot run."""


class EmptyInputsError(DeclarationError, AssertionError):
    """A parallel step has no inputs; version 1 raises an AssertionError here."""


class CycleError(DeclarationError):
    """Steps wait for each other in a circle."""

    def __init__(self, steps: Sequence[str]) -> None:
        super().__init__(
            f"Steps wait for each other in a circle: {' -> '.join(steps)}. "
            "Remove one of these inputs, or split the step that needs its own output."
        )
        self.steps = tuple(steps)


class ParameterError(DeclarationError):
    """An override names a parameter that is not declared, or has another type."""


class ParameterTypeError(ParameterError, TypeError):
    """A dataset parameter got a dataset of the other kind."""


class NotAvailableError(DeclarationError, NotImplementedError):
    """Exists in Azure ML and cannot exist without Azure."""


class UnknownStepKindError(DeclarationError, NotImplementedError):
    """A pipeline was given something that is neither a step nor a list of steps."""


class SettingTypeError(DeclarationError, TypeError):
    """A setting is not a number; version 1 raises a TypeError here."""


class SettingNotTextError(DeclarationError, AttributeError):
    """A setting is not text; version 1 raises an AttributeError here."""


class UnknownArgumentError(DeclarationError, TypeError):
    """An argument has a name that is not known, or a needed one is missing."""


class BadYamlError(DeclarationError):
    """A YAML file cannot be read, or could be read in two ways."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class BadDocumentError(DeclarationError):
    """A document of version 2 cannot be used; there is one problem for each field."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class WorkspaceException(AzmlError):
    """A workspace cannot be found, made or opened."""


class ComputeTargetException(AzmlError):
    """A compute target is unknown or badly configured."""


class WebserviceException(AzmlError):
    """A model cannot be registered or fetched."""


class ModelNotFoundException(WebserviceException):
    """No model has this name and version."""


class RunEnvironmentException(AzmlError):
    """The current run was asked for outside of a run."""


class RunNotFoundError(AzmlError):
    """No run has this id."""


class ActivityFailedException(AzmlError):
    """A run that somebody waited for has failed; ``error_details`` is JSON text."""

    def __init__(self, message: str, *, error_details: str = "{}") -> None:
        super().__init__(message)
        self.error_details = error_details


class ExperimentExecutionException(AzmlError):
    """Waiting for a run was interrupted; the run itself goes on."""


class ExecutionError(AzmlError):
    """A step was started and did not finish."""


class ErrorThresholdExceeded(ExecutionError):
    """More items or mini-batches failed than the step allows."""


class NoItemSucceededError(ExecutionError):
    """``append_row`` has nothing to append: not one item succeeded."""


class EmptyDatasetError(ExecutionError):
    """The input of a parallel step has no items."""


class InitFailedError(ExecutionError):
    """The entry script cannot be loaded, or its ``init()`` keeps failing."""


class ComputeLostError(ExecutionError):
    """The compute lost more nodes or processes than a run may lose."""


class StalledRunError(ExecutionError):
    """Nothing has moved for longer than anything may take."""


class ConditionError(ExecutionError):
    """The condition of a step needs a metric that was not logged, or is no number."""


class EnvironmentBuildError(ExecutionError):
    """An environment cannot be built on this machine, or lacks what a step needs."""


class ScriptFailedError(ExecutionError):
    """The script or command of a step raised, ended badly or was killed."""


class OutputError(ExecutionError):
    """The output cannot be written."""


class DamagedPartError(ExecutionError):
    """A part file does not hold the bytes that its worker wrote."""

    def __init__(self, message: str, *, mini_batch: int) -> None:
        super().__init__(message)
        self.mini_batch = mini_batch


class RunCanceledError(ExecutionError):
    """Somebody asked the run to stop."""
