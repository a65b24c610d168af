-- The first shape of the file. A later shape is a later file beside this one; this one never changes again.

CREATE TABLE box (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    box     TEXT NOT NULL,
    site    TEXT NOT NULL,
    -- 1 from open to clean close: found at 1 on opening, the last stop was not clean.
    running INTEGER NOT NULL DEFAULT 0,
    -- Moved by the watchdog's proof that a commit still works.
    pulse   INTEGER NOT NULL DEFAULT 0,
    -- Which way of folding the read models were made by; another way rebuilds them at opening.
    fold    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE epoch (
    no    INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE
) STRICT;

-- id packs epoch_no << 40 | seq, so that every append lands at the right edge of the one b-tree.
CREATE TABLE ledger (
    id       INTEGER PRIMARY KEY,
    body     BLOB NOT NULL,
    hash     BLOB NOT NULL,
    epoch_no INTEGER GENERATED ALWAYS AS (id >> 40) VIRTUAL,
    seq      INTEGER GENERATED ALWAYS AS (id & 1099511627775) VIRTUAL
) STRICT;

CREATE TRIGGER ledger_is_never_updated BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;

CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;

-- What the city has said it holds: all up to through, and the ranges beyond it, as JSON [[from,to],...].
CREATE TABLE cursor (
    epoch_no INTEGER PRIMARY KEY REFERENCES epoch (no),
    through  INTEGER NOT NULL,
    ranges   TEXT NOT NULL
) STRICT;

-- Destroying a row here makes that worker's sealed data unreadable for good, on this box.
CREATE TABLE worker_key (
    worker INTEGER PRIMARY KEY,
    key    BLOB NOT NULL
) STRICT;

CREATE TABLE boot (
    number  INTEGER PRIMARY KEY,
    boot_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE account (
    name          TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
