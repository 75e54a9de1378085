"""Which values of a pipeline are secrets: they are handed over, never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import holds_secret, stored_variables
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = [
    "literal_secrets",
    "refuse_literal_secrets",
    "refuse_secret",
    "refuse_secret_values",
]


def literal_secrets(pipeline: Pipeline) -> dict[str, str]:
    """Return the secrets that were written into ``environment_variables``, by name.

    A definition holds ``env:NAME`` in their place; whoever starts the run puts these
    into the environment of its orchestrator.

    Raises:
        DeclarationError: Two steps give one name different values.
    """
    secrets: dict[str, str] = {}
    for step in pipeline.graph.steps:
        for name, value in _secrets_of(step).items():
            if secrets.setdefault(name, value) != value:
                msg = (
                    f"Step {shown(step.name)}: "
                    f"environment_variables[{shown(name)}] differs from that of "
                    "another step. Give both as 'env:NAME' of two variables: "
                    "secrets are not written down."
                )
                raise DeclarationError(msg)
    return secrets


def refuse_literal_secrets(pipeline: Pipeline) -> None:
    """Refuse to keep a pipeline whose secrets only the process that declares it knows.

    Raises:
        DeclarationError: A secret stands in ``environment_variables``; it is named, not
            shown.
    """
    for name in literal_secrets(pipeline):
        msg = (
            f"environment_variables[{shown(name)}] holds a secret, which a published "
            "pipeline cannot keep. Give it as 'env:NAME', and set the variable NAME "
            "where the pipeline is submitted."
        )
        raise DeclarationError(msg)


def _secrets_of(step: PipelineStep) -> dict[str, str]:
    texts = {name: str(value) for name, value in step.environment_variables.items()}
    stored = stored_variables(texts)
    return {name: text for name, text in texts.items() if stored[name] != text}


def refuse_secret(what: str, text: object) -> None:
    """Refuse a text that would be stored although it has the shape of a secret.

    Raises:
        DeclarationError: It has; the message does not show it.
    """
    if isinstance(text, str) and holds_secret(text):
        msg = (
            f"{what}={shown(text)} looks like a secret, and would be written down. "
            "Give it as environment_variables={'NAME': 'env:NAME'} instead."
        )
        raise DeclarationError(msg)


def refuse_secret_values(values: Mapping[str, object]) -> None:
    """Refuse values of parameters that have the shape of a secret.

    Raises:
        DeclarationError: One has; the message does not show it.
    """
    for name, value in values.items():
        refuse_secret(f"Parameter {shown(name)}", value)
