-- Batch endpoints of version 2, and their deployments.

CREATE TABLE batch_deployments (
    endpoint VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    folder VARCHAR NOT NULL,
    options JSON NOT NULL,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    PRIMARY KEY (endpoint, name)
);

CREATE TABLE batch_endpoints (
    name VARCHAR NOT NULL,
    description TEXT,
    tags JSON NOT NULL,
    default_deployment VARCHAR,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    PRIMARY KEY (name)
);
