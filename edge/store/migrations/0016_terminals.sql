-- What face terminals told, so that nothing is told twice. (Read models: the ledger fills them again.)
CREATE TABLE terminal_event (
    ledger_id INTEGER PRIMARY KEY,
    terminal  TEXT NOT NULL,
    seq       INTEGER NOT NULL
) STRICT;
CREATE INDEX terminal_event_of ON terminal_event (terminal, ledger_id);
-- Cards that came with another face, by their holder.
CREATE TABLE face_mismatch (
    ledger_id INTEGER PRIMARY KEY,
    worker    INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
-- Which version of the words was signed; NULL where nobody wrote it down.
ALTER TABLE face_consent ADD COLUMN text INTEGER;
