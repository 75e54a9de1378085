-- Schedules, what has become of each nominal time, and the files that were seen.

CREATE TABLE firings (
    schedule_id VARCHAR NOT NULL,
    nominal VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    run_id VARCHAR,
    owner TEXT,
    attempts INTEGER NOT NULL,
    not_before FLOAT NOT NULL,
    decided FLOAT NOT NULL,
    ended FLOAT,
    note TEXT,
    details TEXT NOT NULL,
    PRIMARY KEY (schedule_id, nominal)
);

CREATE INDEX ix_firings_outcome ON firings (outcome);

CREATE INDEX ix_firings_run_id ON firings (run_id);

CREATE TABLE schedule_files (
    schedule_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    taken VARCHAR,
    waiting VARCHAR,
    PRIMARY KEY (schedule_id, path)
);

CREATE TABLE schedules (
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    definition TEXT NOT NULL,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    decided_until VARCHAR NOT NULL,
    looks INTEGER NOT NULL,
    PRIMARY KEY (id)
);
