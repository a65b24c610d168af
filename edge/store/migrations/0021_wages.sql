-- Wages. All of these are read models: the ledger fills them again.

ALTER TABLE worker ADD COLUMN wage_bank TEXT;
ALTER TABLE worker ADD COLUMN wage_account TEXT;
ALTER TABLE worker ADD COLUMN wage_social INTEGER;

-- What was agreed with a worker, from a day on; amounts are fen everywhere.
CREATE TABLE wage_terms (
    worker  INTEGER NOT NULL,
    from_on TEXT NOT NULL,
    basis   TEXT NOT NULL,
    rate    INTEGER NOT NULL,
    PRIMARY KEY (worker, from_on)
) STRICT, WITHOUT ROWID;

-- What the clerk entered of a worker's month: the newest.
CREATE TABLE wage_entry (
    month      TEXT NOT NULL,
    team       INTEGER NOT NULL,
    worker     INTEGER NOT NULL,
    piece      INTEGER NOT NULL,
    extra      INTEGER NOT NULL,
    -- JSON, as on the wire
    deductions TEXT NOT NULL,
    PRIMARY KEY (month, team, worker)
) STRICT, WITHOUT ROWID;

-- Lines of sheets that were drawn up.
CREATE TABLE wage_line (
    month      TEXT NOT NULL,
    team       INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    worker     INTEGER NOT NULL,
    halves     INTEGER NOT NULL,
    basis      TEXT,
    rate       INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    piece      INTEGER NOT NULL,
    extra      INTEGER NOT NULL,
    gross      INTEGER NOT NULL,
    deductions TEXT NOT NULL,
    net        INTEGER NOT NULL,
    PRIMARY KEY (month, team, version, worker)
) STRICT, WITHOUT ROWID;

-- Steps of sheets, in the ledger's order.
CREATE TABLE wage_sheet (
    ledger_id INTEGER PRIMARY KEY,
    month     TEXT NOT NULL,
    team      INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    step      TEXT NOT NULL,
    digest    TEXT NOT NULL,
    lines     INTEGER NOT NULL,
    gross     INTEGER NOT NULL,
    net       INTEGER NOT NULL,
    account   TEXT NOT NULL,
    why       TEXT,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX wage_sheet_month ON wage_sheet (month, team);

-- What the bank said, in the ledger's order.
CREATE TABLE wage_payment (
    ledger_id INTEGER PRIMARY KEY,
    month     TEXT NOT NULL,
    team      INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    worker    INTEGER NOT NULL,
    paid      INTEGER NOT NULL,
    amount    INTEGER NOT NULL,
    on_day    TEXT NOT NULL,
    reference TEXT,
    why       TEXT,
    account   TEXT NOT NULL
) STRICT;
CREATE INDEX wage_payment_month ON wage_payment (month, team);
