-- The journal of one run. Times are seconds since 1970, UTC.
CREATE TABLE run (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version  INTEGER NOT NULL,
    -- Checksum of these definitions, as the database has them.
    schema_seal     INTEGER NOT NULL,
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
    -- Boot of the machine and ticks since; no clock that can be set.
    process_started TEXT,
    heartbeat       REAL,
    -- Checksum of the row but for the heartbeat.
    seal            INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE step (
    position           INTEGER PRIMARY KEY,
    step_run_id        TEXT NOT NULL UNIQUE,
    name               TEXT NOT NULL,
    -- As plans name it: parallel_run, python_script, command, data_transfer.
    kind               TEXT NOT NULL DEFAULT 'parallel_run',
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
    -- Worker processes on all nodes, where their number was left to the run.
    auto_processes     INTEGER,
    error              TEXT,
    -- Checksum of the row but for the counters, which the records prove.
    seal               INTEGER NOT NULL DEFAULT 0
);
-- How far a list of mini-batches has got that is still being written.
CREATE TABLE listed (
    step         INTEGER PRIMARY KEY REFERENCES step (position),
    mini_batches INTEGER NOT NULL,
    -- Of their lines; the record is good only for a list that begins so.
    sha256       TEXT NOT NULL,
    seal         INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE part (
    id   INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES step (position),
    name TEXT NOT NULL,
    -- Which worker process of its node wrote it.
    process TEXT NOT NULL DEFAULT '',
    UNIQUE (step, name)
);
-- Consecutive mini-batches that succeeded, as one report has brought them, or a piece of
-- a split one. No mini-batch or piece is in two rows: its first record stands.
CREATE TABLE done (
    id         INTEGER PRIMARY KEY,
    step       INTEGER NOT NULL,
    -- The first of so many mini-batches.
    first      INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    first_item INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    -- What the records add up to; short are the items without a row.
    rows       INTEGER NOT NULL,
    items      INTEGER NOT NULL,
    short      INTEGER NOT NULL,
    -- One of 44 bytes for each, as its worker has written it, its checksum included.
    records    BLOB NOT NULL,
    -- Checksum of the records.
    crc        INTEGER NOT NULL,
    -- Checksum of everything else in the row, and of the name of the part.
    seal       INTEGER NOT NULL,
    UNIQUE (step, first, first_item)
);
-- A try that failed: of the items from first_item on, as many as items says.
CREATE TABLE failure (
    id             INTEGER PRIMARY KEY,
    step           INTEGER NOT NULL,
    mini_batch     INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    first_item     INTEGER NOT NULL,
    -- Given up: its items have failed.
    final          INTEGER NOT NULL,
    -- Not given up but split, so that good items are told from bad ones.
    split          INTEGER NOT NULL,
    -- Counts toward run_max_try; a stray kill or a lost node does not.
    charged        INTEGER NOT NULL,
    -- From before the run was resumed after its end: tried again from the start.
    forgiven       INTEGER NOT NULL DEFAULT 0,
    reason         TEXT NOT NULL,
    items          INTEGER NOT NULL,
    exception_type TEXT NOT NULL,
    message        TEXT NOT NULL,
    user_line      TEXT NOT NULL,
    traceback      TEXT NOT NULL,
    node           TEXT NOT NULL,
    process        TEXT NOT NULL,
    seconds        REAL NOT NULL,
    time           REAL NOT NULL,
    -- Checksum of the row.
    seal           INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX failure_of_mini_batch ON failure (step, mini_batch);
