-- Published pipelines, endpoints that choose among them, and which request made which run.

CREATE TABLE endpoint_versions (
    endpoint_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    pipeline_id VARCHAR NOT NULL,
    PRIMARY KEY (endpoint_id, version)
);

CREATE TABLE pipeline_endpoints (
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    description TEXT,
    status VARCHAR NOT NULL,
    default_version INTEGER,
    created FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE TABLE published_pipelines (
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    description TEXT,
    version VARCHAR,
    status VARCHAR NOT NULL,
    continue_on_step_failure BOOLEAN NOT NULL,
    created FLOAT NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_published_pipelines_name ON published_pipelines (name);

ALTER TABLE runs ADD COLUMN pipeline_id VARCHAR;

CREATE INDEX ix_runs_pipeline_id ON runs (pipeline_id);

CREATE TABLE submissions (
    idempotency_key VARCHAR NOT NULL,
    request_sha256 VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    created FLOAT NOT NULL,
    PRIMARY KEY (idempotency_key)
);
