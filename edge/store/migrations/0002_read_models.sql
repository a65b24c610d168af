-- Tables that the ledger folds into. A rebuild empties them and folds again, to the same rows.

-- How far each epoch is folded.
CREATE TABLE folded (
    epoch_no INTEGER PRIMARY KEY,
    through  INTEGER NOT NULL
) STRICT;

CREATE TABLE project (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    code TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE employer (
    employer INTEGER PRIMARY KEY,
    uscc     TEXT NOT NULL,
    name     TEXT NOT NULL,
    type     TEXT NOT NULL
) STRICT;

CREATE TABLE team (
    team     INTEGER PRIMARY KEY,
    employer INTEGER NOT NULL,
    name     TEXT NOT NULL
) STRICT;

-- Opened personal data stands here only, inside the encrypted file.
CREATE TABLE worker (
    worker                   INTEGER PRIMARY KEY,
    name                     TEXT,
    id_kind                  TEXT,
    id_number                TEXT,
    sex                      TEXT,
    born                     TEXT,
    nation                   TEXT,
    phone                    TEXT,
    valid_to                 TEXT,
    photo_sha256             TEXT,
    team                     INTEGER,
    trade                    TEXT,
    role                     TEXT,
    entered_on               TEXT,
    left_on                  TEXT,
    contract_signed_on       TEXT,
    contract_until           TEXT,
    health_certificate_until TEXT,
    blacklisted              INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE training (
    worker    INTEGER NOT NULL,
    ledger_id INTEGER NOT NULL,
    type      TEXT NOT NULL,
    held_on   TEXT NOT NULL,
    hours     INTEGER NOT NULL,
    PRIMARY KEY (worker, ledger_id)
) STRICT, WITHOUT ROWID;

-- Last counted movement of each worker.
CREATE TABLE presence (
    worker    INTEGER PRIMARY KEY,
    is_inside INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

-- Counted movements. The day (of UTC) comes first so that a day's rows stand on few pages.
CREATE TABLE attendance (
    utc_day   INTEGER NOT NULL,
    worker    INTEGER NOT NULL,
    ledger_id INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    is_in     INTEGER NOT NULL,
    PRIMARY KEY (utc_day, worker, ledger_id)
) STRICT, WITHOUT ROWID;

-- Newest event of each lane's gate board in the ledger: an older one arriving again is known.
CREATE TABLE board_event (
    lane TEXT PRIMARY KEY,
    boot INTEGER NOT NULL,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roster_state (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
