-- The city's database, schema 2, as SQLite reads it (`schema-3.sql` and later ones add to it); `schema.rs` says what PostgreSQL calls the types.
-- `record` is the truth; every other table is derived from it or describes how it arrived.
-- Names of people stand nowhere but sealed inside `record.body`.
CREATE TABLE box (
    box           TEXT PRIMARY KEY,
    site          TEXT NOT NULL DEFAULT '',
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    online        INTEGER NOT NULL DEFAULT 0,
    online_at     INTEGER,
    roster_version INTEGER, -- in force at the box, as its hello said
    software      TEXT NOT NULL DEFAULT '',
    site_due      TEXT NOT NULL DEFAULT '', -- the site that its certificate was issued for, or empty
    barred        INTEGER NOT NULL DEFAULT 0 -- every certificate of it is revoked
);

CREATE TABLE epoch (
    no       IDENTITY,
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
    status      TEXT NOT NULL CHECK (status IN ('stored', 'waiting', 'parked', 'repeated')),
    PRIMARY KEY (box, epoch, seq)
);

-- Which records came together, in the order of their coming.
CREATE TABLE arrival (
    no      IDENTITY,
    box     TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    at      INTEGER NOT NULL
);
CREATE INDEX arrival_at ON arrival (at);

-- Unbroken runs of stored seqs; the run that begins with 1 ends at `through`.
CREATE TABLE span (
    box   TEXT NOT NULL,
    epoch TEXT NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, first)
);

-- Records that wait for a person or an update.
CREATE TABLE parked (
    box     TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (box, epoch, seq)
);

-- What a waiting or parked record refers to and the city does not have.
CREATE TABLE need (
    box   TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    what  TEXT NOT NULL, -- worker, team, employer
    no    INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, seq, what)
);

-- Where the newest record of a worker, team or employer stands.
CREATE TABLE known (
    box   TEXT NOT NULL,
    epoch TEXT NOT NULL,
    what  TEXT NOT NULL,
    no    INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, what, no)
);

-- Codes beyond the national tables that come with the program.
CREATE TABLE code (
    tab  TEXT NOT NULL, -- trade, role, employer, training, by
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tab, code)
);

-- The last acknowledgement that was handed to the broker.
CREATE TABLE ack (
    box     TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    through INTEGER NOT NULL,
    beyond  TEXT NOT NULL, -- JSON [[first, last], ...]
    made_at INTEGER NOT NULL,
    PRIMARY KEY (box, epoch)
);

CREATE TABLE heartbeat (
    box         TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    backlog     INTEGER NOT NULL,
    skew_ms     INTEGER NOT NULL, -- city's time minus the box's time
    body        BLOB NOT NULL,
    PRIMARY KEY (box, received_at)
);

CREATE TABLE alarm (
    no       IDENTITY,
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

-- How many records happened on a day, by the box's own clock.
CREATE TABLE day (
    box     TEXT NOT NULL,
    day     INTEGER NOT NULL, -- days since 1970-01-01, in China
    records INTEGER NOT NULL,
    counted INTEGER NOT NULL, -- those that are attendance
    PRIMARY KEY (box, day)
);

-- Absences that a box declared.
CREATE TABLE gap (
    box     TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at   INTEGER NOT NULL,
    cause   TEXT NOT NULL, -- powered_off, suspended
    PRIMARY KEY (box, from_at, to_at, cause)
);

-- Records that a box carried over from an epoch that forked, by their origin.
CREATE TABLE carried (
    box        TEXT NOT NULL,
    from_epoch TEXT NOT NULL,
    from_seq   INTEGER NOT NULL,
    digest     TEXT NOT NULL, -- of the body: the origin may have two versions
    epoch      TEXT NOT NULL, -- where it stands now
    seq        INTEGER NOT NULL,
    PRIMARY KEY (box, from_epoch, from_seq, digest)
);

CREATE TABLE schema_version (number INTEGER NOT NULL);
INSERT INTO schema_version VALUES (2);
