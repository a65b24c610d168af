-- A movement that stands in no record of a gate: the number of the correction request. NULL: a gate's.
-- (Read models: the ledger fills them again.)
ALTER TABLE attendance ADD COLUMN request INTEGER;

-- Requests for corrections, and what became of them; opened evidence stands here only, inside the encrypted file.
CREATE TABLE correction (
    request      INTEGER PRIMARY KEY,
    worker       INTEGER NOT NULL,
    is_in        INTEGER NOT NULL,
    moment       INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    requester    TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    note         TEXT,
    file         TEXT,
    file_kind    TEXT,
    -- 0 waits, 1 approved, 2 refused
    state        INTEGER NOT NULL DEFAULT 0,
    approver     TEXT,
    decided_at   INTEGER,
    why          TEXT
) STRICT;
CREATE INDEX correction_moment ON correction (moment);
CREATE INDEX correction_waiting ON correction (worker) WHERE state = 0;

-- Audit records by their place in the ledger, so that a page of them is found at once.
CREATE TABLE audit (
    ledger_id INTEGER PRIMARY KEY
) STRICT;

-- Pictures and documents that speak for a request, in parts, each sealed with the worker's key. No read model: the
-- ledger holds their digest only.
CREATE TABLE evidence (
    worker INTEGER NOT NULL,
    digest TEXT NOT NULL,
    part   INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (worker, digest, part)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER evidence_is_never_updated BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;

-- Months that are closed, with the digest of each team's sheet. (A read model: the ledger fills it again.)
CREATE TABLE month_close (
    month   TEXT NOT NULL,
    team    INTEGER NOT NULL,
    version INTEGER NOT NULL,
    digest  TEXT NOT NULL,
    account TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (month, team, version)
) STRICT, WITHOUT ROWID;

-- Sheets as they were printed or closed, under the SHA-256 of their content: the code on a paper finds its sheet again.
-- No read model: the ledger holds the digests of closed ones only.
CREATE TABLE sheet (
    digest  TEXT PRIMARY KEY,
    team    INTEGER NOT NULL,
    month   TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    body    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER sheet_is_never_updated BEFORE UPDATE ON sheet
BEGIN SELECT RAISE(ABORT, 'a sheet is never changed'); END;

CREATE TRIGGER sheet_is_never_deleted BEFORE DELETE ON sheet
BEGIN SELECT RAISE(ABORT, 'a sheet is never deleted'); END;
