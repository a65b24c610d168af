-- Denied presentations. The day (of UTC) comes first so that a day's rows stand on few pages.
CREATE TABLE denial (
    utc_day   INTEGER NOT NULL,
    ledger_id INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (utc_day, ledger_id)
) STRICT, WITHOUT ROWID;
