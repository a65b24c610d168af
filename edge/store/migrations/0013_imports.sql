-- Files that the clerk brought to the screen: what stands in them, how far they are, and what became of each row.
-- They are the screen's notes and no read model: the ledger holds what was recorded. Personal data like any other in
-- this encrypted file; forgotten after a month.
CREATE TABLE import_job (
    job       INTEGER PRIMARY KEY AUTOINCREMENT,
    file_name TEXT NOT NULL,
    account   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    head      TEXT NOT NULL,
    notes     TEXT NOT NULL,
    state     TEXT NOT NULL,
    state_at  INTEGER NOT NULL,
    -- Last row of the file that this state has dealt with.
    through   INTEGER NOT NULL
) STRICT;

CREATE TABLE import_row (
    job     INTEGER NOT NULL REFERENCES import_job (job),
    line    INTEGER NOT NULL,
    cells   TEXT NOT NULL,
    outcome TEXT NOT NULL,
    why     TEXT NOT NULL,
    worker  INTEGER,
    before  TEXT,
    PRIMARY KEY (job, line)
) STRICT, WITHOUT ROWID;
