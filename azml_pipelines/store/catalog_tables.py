"""The tables of a workspace's catalog as they are now; see ``migrations``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

__all__ = [
    "TABLES",
    "batch_deployments",
    "batch_endpoints",
    "computes",
    "datasets",
    "datastores",
    "endpoint_versions",
    "environments",
    "firings",
    "models",
    "pipeline_endpoints",
    "preferences",
    "published_pipelines",
    "runs",
    "schedule_files",
    "schedules",
    "submissions",
]

TABLES = MetaData()

datastores = Table(
    "datastores",
    TABLES,
    Column("name", String, primary_key=True),
    Column("settings", Text, nullable=False),
)
preferences = Table(
    "preferences",
    TABLES,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
datasets = Table(
    "datasets",
    TABLES,
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("description", Text),
    Column("tags", JSON, nullable=False),
    Column("definition", Text, nullable=False),
    Column("created", Float, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)
models = Table(
    "models",
    TABLES,
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("description", Text),
    Column("tags", JSON, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("framework", String),
    Column("framework_version", String),
    Column("created", Float, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)
environments = Table(
    "environments",
    TABLES,
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", Text, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)
computes = Table(
    "computes",
    TABLES,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
)
runs = Table(
    "runs",
    TABLES,
    Column("run_id", String, primary_key=True),
    Column("experiment", String, nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("resubmitted_from", String),
    Column("pipeline_id", String, index=True),
)
published_pipelines = Table(
    "published_pipelines",
    TABLES,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, index=True),
    Column("description", Text),
    Column("version", String),
    Column("status", String, nullable=False),
    Column("continue_on_step_failure", Boolean, nullable=False),
    Column("created", Float, nullable=False),
)
pipeline_endpoints = Table(
    "pipeline_endpoints",
    TABLES,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("description", Text),
    Column("status", String, nullable=False),
    Column("default_version", Integer),
    Column("created", Float, nullable=False),
)
endpoint_versions = Table(
    "endpoint_versions",
    TABLES,
    Column("endpoint_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("pipeline_id", String, nullable=False),
    PrimaryKeyConstraint("endpoint_id", "version"),
)
batch_endpoints = Table(
    "batch_endpoints",
    TABLES,
    Column("name", String, primary_key=True),
    Column("description", Text),
    Column("tags", JSON, nullable=False),
    Column("default_deployment", String),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
)
batch_deployments = Table(
    "batch_deployments",
    TABLES,
    Column("endpoint", String, nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("options", JSON, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    PrimaryKeyConstraint("endpoint", "name"),
)
submissions = Table(
    "submissions",
    TABLES,
    Column("idempotency_key", String, primary_key=True),
    Column("request_sha256", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("created", Float, nullable=False),
)
schedules = Table(
    "schedules",
    TABLES,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("definition", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("decided_until", String, nullable=False),
    Column("looks", Integer, nullable=False),
)
schedule_files = Table(
    "schedule_files",
    TABLES,
    Column("schedule_id", String, nullable=False),
    Column("path", String, nullable=False),
    Column("taken", String),
    Column("waiting", String),
    PrimaryKeyConstraint("schedule_id", "path"),
)
firings = Table(
    "firings",
    TABLES,
    Column("schedule_id", String, nullable=False),
    Column("nominal", String, nullable=False),
    Column("outcome", String, nullable=False, index=True),
    Column("run_id", String, index=True),
    Column("owner", Text),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("decided", Float, nullable=False),
    Column("ended", Float),
    Column("note", Text),
    Column("details", Text, nullable=False),
    PrimaryKeyConstraint("schedule_id", "nominal"),
)
