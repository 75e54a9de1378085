"""What a user has assigned to an environment, checked and turned into data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import mask_content, stored_variables
from azml_pipelines.pipeline.conda_dependencies import CondaDependencies
from azml_pipelines.pipeline.environment_build import build_order, refuse_secrets
from azml_pipelines.pipeline.environment_definition import parse_environment
from azml_pipelines.pipeline.environment_variables import as_mapping
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment import Environment
    from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition

__all__ = ["as_definition"]

_SECTIONS = ("base_image_registry",)


def as_definition(environment: Environment) -> EnvironmentDefinition:
    """Return an environment as data.

    Raises:
        DeclarationError: An attribute was assigned something that cannot be stored, or
            ``python.build`` asks for what cannot be built.
    """
    what = f"Environment {shown(environment.name)}"
    definition = parse_environment(_as_content(environment), what)
    if definition.python.build is not None:
        build_order(definition)
        refuse_secrets(environment.name, environment.python.conda_dependencies)
    return definition


def _as_content(environment: Environment) -> dict[str, object]:
    python, docker, spark = environment.python, environment.docker, environment.spark
    conda: object = python.conda_dependencies
    if conda is not None and not isinstance(conda, CondaDependencies):
        msg = (
            f"Environment {shown(environment.name)}: python.conda_dependencies is "
            f"{shown(conda)}. Assign a CondaDependencies."
        )
        raise DeclarationError(msg)
    registry = docker.base_image_registry
    variables = as_mapping(environment.environment_variables)
    return {
        "name": environment.name,
        "python": vars(python)
        | {"conda_dependencies": conda and mask_content(conda.as_dict())},
        "docker": mask_content(
            {key: value for key, value in vars(docker).items() if key not in _SECTIONS}
        )
        | {
            "base_image_registry": {
                "address": registry.address,
                "username": registry.username,
            }
        },
        "spark": vars(spark) | {"packages": [vars(p) for p in spark.packages]},
        # References only: a definition is stored, and a stored secret is no secret.
        "environment_variables": stored_variables(variables),
        "inferencing_stack_version": environment.inferencing_stack_version,
    }
