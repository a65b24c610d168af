-- The last record that changed anything about people, employers or teams: a reader that keeps them
-- in memory sees from it that they are to be read again.
CREATE TABLE people_change (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    ledger_id INTEGER NOT NULL
) STRICT;
