-- The city's database, schema 1. `record` is the truth; every other table is derived from it or
-- describes how it arrived. Names of people stand nowhere but sealed inside `record.body`.
CREATE TABLE box (
    box           TEXT PRIMARY KEY,
    site          TEXT NOT NULL DEFAULT '',
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    online        INTEGER NOT NULL DEFAULT 0,
    online_at     INTEGER
) WITHOUT ROWID;

CREATE TABLE epoch (
    no       INTEGER PRIMARY KEY,
    box      TEXT NOT NULL,
    epoch    TEXT NOT NULL,
    previous TEXT, -- the epoch whose worker numbers this one continues
    seen_at  INTEGER NOT NULL,
    UNIQUE (box, epoch)
);

CREATE TABLE record (
    box         TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    body        BLOB NOT NULL,
    hash        BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('stored', 'parked')),
    PRIMARY KEY (box, epoch, seq)
);

-- Unbroken runs of stored seqs; the run that begins with 1 ends at `through`.
CREATE TABLE span (
    box   TEXT NOT NULL,
    epoch TEXT NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, first)
) WITHOUT ROWID;

CREATE TABLE parked (
    box     TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (box, epoch, seq)
) WITHOUT ROWID;

-- Where the newest record of a worker stands.
CREATE TABLE worker_at (
    box    TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    worker INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, worker)
) WITHOUT ROWID;

-- The last acknowledgement that was handed to the broker.
CREATE TABLE ack (
    box     TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    through INTEGER NOT NULL,
    beyond  TEXT NOT NULL, -- JSON [[first, last], ...]
    made_at INTEGER NOT NULL,
    PRIMARY KEY (box, epoch)
) WITHOUT ROWID;

CREATE TABLE heartbeat (
    box         TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    backlog     INTEGER NOT NULL,
    skew_ms     INTEGER NOT NULL, -- city's time minus the box's time
    body        BLOB NOT NULL,
    PRIMARY KEY (box, received_at)
) WITHOUT ROWID;

CREATE TABLE alarm (
    id       INTEGER PRIMARY KEY,
    box      TEXT NOT NULL,
    epoch    TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    code     TEXT NOT NULL,
    message  TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    times    INTEGER NOT NULL DEFAULT 1,
    UNIQUE (box, epoch, code, seq)
);
