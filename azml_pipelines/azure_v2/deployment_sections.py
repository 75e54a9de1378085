"""The keys of batch endpoints and their deployments, and what becomes of each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from azml_pipelines.azure_v2.section import (
    Described,
    Refused,
    Schema,
    Section,
    Unused,
)

__all__ = [
    "CodeConfiguration",
    "DeploymentSettings",
    "EndpointDefaults",
    "EndpointSection",
    "LegacyDeploymentSection",
    "ModelDeploymentSection",
    "ModelSection",
    "OverrideCompute",
    "Overrides",
    "PipelineDeploymentSection",
]

_READ_ONLY = "has no effect: only Azure's services write it"
_RIGHTS = "has no effect: a run has the rights of whoever starts it"
_HERE = "has no effect: runs are on this machine"
Count = Annotated[int, Field(ge=1)]
Threshold = Annotated[int, Field(ge=-1)]


class EndpointDefaults(Section):
    """``defaults`` of an endpoint."""

    deployment_name: str | None = None


class EndpointSection(Section):
    """A batch endpoint."""

    schema_: Schema
    name: str
    description: Described = None
    tags: dict[str, Any] | None = None
    properties: Annotated[Any, Unused(_READ_ONLY)] = None
    auth_mode: Annotated[Any, Unused(_RIGHTS)] = None
    defaults: Any = None
    identity: Annotated[Any, Unused(_RIGHTS)] = None
    location: Annotated[Any, Unused(_HERE)] = None
    id: Annotated[Any, Unused(_READ_ONLY)] = None
    scoring_uri: Annotated[Any, Unused(_READ_ONLY)] = None
    openapi_uri: Annotated[Any, Unused(_READ_ONLY)] = None
    provisioning_state: Annotated[Any, Unused(_READ_ONLY)] = None


class CodeConfiguration(Section):
    """The scoring script of a deployment."""

    code: str
    scoring_script: str


class ModelSection(Section):
    """A model that is written out."""

    name: Described = None
    version: Annotated[
        Any, Unused("has no effect: a registration makes the next version")
    ] = None
    type: Literal["custom_model", "mlflow_model", "triton_model"] | None = None
    path: str
    description: Described = None
    tags: dict[str, Any] | None = None
    properties: Annotated[Any, Unused(_READ_ONLY)] = None
    flavors: Annotated[
        Any, Unused("has no effect: the model's own MLmodel file says them")
    ] = None
    stage: Annotated[Any, Unused("has no effect: models have no stages")] = None
    datastore: Annotated[
        Any, Refused("is not accepted; write azureml://datastores/NAME/paths/… in path")
    ] = None


class DeploymentSettings(Section):
    """``settings`` of a model deployment; in the older form they are at the top."""

    mini_batch_size: Count | None = None
    max_concurrency_per_instance: Count | None = None
    instance_count: Count | None = None
    error_threshold: Threshold | None = None
    output_action: str | None = None
    output_file_name: str | None = None
    retry_settings: Any = None
    logging_level: str | None = None
    environment_variables: dict[str, Any] | None = None


class _Deployment(Section):
    schema_: Schema
    name: str
    endpoint_name: str | None = None
    type: str | None = None
    description: Described = None
    tags: dict[str, Any] | None = None
    properties: Annotated[Any, Unused(_READ_ONLY)] = None


class _Scoring(_Deployment):
    model: Any = None
    code_configuration: Any = None
    environment: Any = None
    compute: str | None = None
    resources: Any = None
    error_threshold: Threshold | None = None
    environment_variables: dict[str, Any] | None = None


class ModelDeploymentSection(_Scoring):
    """A deployment of ``type: model``."""

    settings: Any = None


class LegacyDeploymentSection(_Scoring):
    """A deployment without a type: its settings are at the top."""

    mini_batch_size: Count | None = None
    max_concurrency_per_instance: Count | None = None
    output_action: str | None = None
    output_file_name: str | None = None
    retry_settings: Any = None
    logging_level: str | None = None


class PipelineDeploymentSection(_Deployment):
    """A deployment of ``type: pipeline``."""

    component: Any = None
    job_definition: str | None = None
    settings: Any = None


class OverrideCompute(Section):
    """``compute`` of an invocation."""

    instance_count: Count | None = None
    target: Annotated[Any, Unused(_HERE)] = None
    instance_type: Annotated[Any, Unused(_HERE)] = None
    location: Annotated[Any, Unused(_HERE)] = None
    properties: Annotated[Any, Unused(_HERE)] = None


class Overrides(Section):
    """What an invocation may change; the last five are ours."""

    mini_batch_size: Count | None = None
    compute: Any = None
    retry_settings: Any = None
    error_threshold: Threshold | None = None
    output_file_name: str | None = None
    instance_count: Count | None = None
    output_action: str | None = None
    logging_level: str | None = None
    max_concurrency_per_instance: Count | None = None
    environment_variables: dict[str, Any] | None = None
    output_dataset: Annotated[Any, Refused("is not accepted; give --output-path")] = (
        None
    )
    max_retries: Annotated[
        Any, Refused("is not accepted; write retry_settings.max_retries")
    ] = None
