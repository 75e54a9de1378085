-- What is registered in a workspace, and the index of its runs.

CREATE TABLE computes (
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    settings TEXT NOT NULL,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE datasets (
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    description TEXT,
    tags JSON NOT NULL,
    definition TEXT NOT NULL,
    created FLOAT NOT NULL,
    PRIMARY KEY (name, version),
    UNIQUE (id)
);

CREATE TABLE datastores (
    name VARCHAR NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE environments (
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE TABLE models (
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    description TEXT,
    tags JSON NOT NULL,
    properties JSON NOT NULL,
    framework VARCHAR,
    framework_version VARCHAR,
    created FLOAT NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE TABLE preferences (
    name VARCHAR NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE runs (
    run_id VARCHAR NOT NULL,
    experiment VARCHAR NOT NULL,
    created FLOAT NOT NULL,
    tags JSON NOT NULL,
    resubmitted_from VARCHAR,
    PRIMARY KEY (run_id)
);

CREATE INDEX ix_runs_experiment ON runs (experiment);
