"""Parameter values as they are typed: ``-p NAME=VALUE``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.run.workspace import Workspace

__all__ = ["Assignment", "typed_values"]


class Assignment(click.ParamType[tuple[str, str]]):
    """Text with an equals sign; everything after the first one is the value."""

    name = "name=value"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        """Split the text into name and value."""
        if isinstance(value, tuple):
            return value
        name, sign, text = str(value).partition("=")
        if not sign or not name.strip():
            self.fail(f"{shown(value)} is no NAME=VALUE.", param, ctx)
        return name.strip(), text


def typed_values(
    workspace: Workspace,
    definition: PipelineDefinition,
    assignments: Iterable[tuple[str, str]],
) -> dict[str, Any]:
    """Return the values by name, each of the kind that the pipeline declares.

    Raises:
        ParameterError: A name is not declared, or a text means no value of its kind.
    """
    from azml_pipelines.plan.assignment import parse_assignment  # noqa: PLC0415 - slow

    return {
        name: parse_assignment(definition, name, text, workspace.find_dataset)
        for name, text in assignments
    }
