-- The journal of one run. Times are seconds since 1970, UTC.
CREATE TABLE run (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version  INTEGER NOT NULL,
    run_id          TEXT NOT NULL,
    experiment      TEXT NOT NULL,
    plan_sha256     TEXT NOT NULL,
    status          TEXT NOT NULL DEFAULT 'NotStarted',
    created         REAL NOT NULL,
    started         REAL,
    ended           REAL,
    error           TEXT,
    -- Who may write: the orchestrator of this epoch, and nobody of an earlier one.
    epoch           INTEGER NOT NULL DEFAULT 0,
    host            TEXT,
    pid             INTEGER,
    process_started REAL,
    heartbeat       REAL
);
CREATE TABLE step (
    position           INTEGER PRIMARY KEY,
    step_run_id        TEXT NOT NULL UNIQUE,
    name               TEXT NOT NULL,
    status             TEXT NOT NULL DEFAULT 'NotStarted',
    total_mini_batches INTEGER,
    total_items        INTEGER,
    list_sha256        TEXT,
    done_mini_batches   INTEGER NOT NULL DEFAULT 0,
    failed_mini_batches INTEGER NOT NULL DEFAULT 0,
    succeeded_items     INTEGER NOT NULL DEFAULT 0,
    failed_items        INTEGER NOT NULL DEFAULT 0,
    retries             INTEGER NOT NULL DEFAULT 0,
    started            REAL,
    ended              REAL,
    output             TEXT,
    output_sha256      TEXT,
    error              TEXT
);
CREATE TABLE part (
    id   INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES step (position),
    name TEXT NOT NULL,
    UNIQUE (step, name)
);
-- A mini-batch that succeeded; the first record of it stands.
CREATE TABLE done (
    step       INTEGER NOT NULL,
    mini_batch INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    offset     INTEGER NOT NULL,
    length     INTEGER NOT NULL,
    crc        INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    items      INTEGER NOT NULL,
    seconds    REAL NOT NULL,
    PRIMARY KEY (step, mini_batch)
) WITHOUT ROWID;
-- A try that failed.
CREATE TABLE failure (
    id             INTEGER PRIMARY KEY,
    step           INTEGER NOT NULL,
    mini_batch     INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    final          INTEGER NOT NULL,
    charged        INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    items          INTEGER NOT NULL,
    exception_type TEXT NOT NULL,
    message        TEXT NOT NULL,
    user_line      TEXT NOT NULL,
    traceback      TEXT NOT NULL,
    node           TEXT NOT NULL,
    process        TEXT NOT NULL,
    seconds        REAL NOT NULL,
    time           REAL NOT NULL
);
CREATE INDEX failure_of_mini_batch ON failure (step, mini_batch);
