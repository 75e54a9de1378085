"""What a job and its component say together: the job's values win."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.bound import Data
from azml_pipelines.azure_v2.data_input import whole_input
from azml_pipelines.azure_v2.level import bound_input
from azml_pipelines.azure_v2.section import Section, check_keys, parse
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.bound import Bound
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.level import Job, Level
    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "Home",
    "JobFields",
    "fields_of",
    "input_names",
    "job_inputs",
    "own_variables",
]


@dataclass(frozen=True)
class Home:
    """What jobs need of what is around them."""

    workspace: Workspace
    compute: str | None = None
    """Of jobs that name none."""
    build: str | None = None
    """How environments are built; see ``environment_of``."""


@dataclass(frozen=True)
class JobFields:
    """The keys of a job, checked, and those of its component."""

    job: Section
    job_place: Place
    component: Section | None
    component_place: Place

    def one(self, key: str) -> tuple[Any, Place]:
        """Return a value and where it stands; None and the job's place if nowhere."""
        own = getattr(self.job, key, None)
        if own is None and self.component is not None:
            found = getattr(self.component, key, None)
            if found is not None:
                return found, self.component_place / key
        return own, self.job_place / key

    @property
    def reusable(self) -> bool:
        """Whether an earlier result may stand in."""
        return self.one("is_deterministic")[0] is not False


def fields_of(
    level: Level, job: Job, kind: type[Section], component_kind: type[Section]
) -> JobFields:
    """Check the keys of a job and of its component.

    Raises:
        BadDocumentError: One line for each key that is not accepted.
    """
    check_keys(kind, job.content, job.place)
    content = level.settings(job.content, job.place)
    component = None
    if job.component.apart:
        component = parse(component_kind, job.component.content, job.component.place)
    return JobFields(
        parse(kind, content, job.place), job.place, component, job.component.place
    )


def input_names(job: Job) -> list[str]:
    """Return the inputs of a job, those of its component first."""
    own = job.content.get("inputs")
    return list({**job.ports, **(own if isinstance(own, dict) else {})})


def job_inputs(
    level: Level, job: Job, workspace: Workspace, leave_out: str | None = None
) -> tuple[dict[str, Bound], dict[str, object]]:
    """Return what each input is bound to, and what a step gets for those with data.

    Args:
        level: The pipeline of the job.
        job: The job.
        workspace: Where names are looked up.
        leave_out: An input that is cut, and not given whole.

    Raises:
        BadDocumentError: An input has no value, or its data does not exist.
    """
    inputs: dict[str, Bound] = {}
    entries: dict[str, object] = {}
    for name in input_names(job):
        bound = inputs[name] = bound_input(level, job, name, job.place)
        if isinstance(bound, Data) and name != leave_out:
            entries[name] = whole_input(name.replace(".", "_"), bound, workspace)
    return inputs, entries


def own_variables(fields: JobFields) -> dict[str, str]:
    """Return the environment variables as text, the job's over the component's.

    Raises:
        BadDocumentError: One is no text and no number.
    """
    found: dict[str, str] = {}
    for section, place in (
        (fields.component, fields.component_place),
        (fields.job, fields.job_place),
    ):
        given = getattr(section, "environment_variables", None) or {}
        for name, value in given.items():
            if not isinstance(value, (str, int, float, bool)):
                text = f"is {shown(value)}; a variable is text."
                raise (place / "environment_variables" / name).problem(text)
            found[name] = str(value)
    return found
