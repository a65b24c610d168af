-- Checkpoints by their place in the ledger, and what the city signed after them: its word, like the cursor, which no
-- folding of the ledger gives.
CREATE TABLE checkpoint (
    ledger_id   INTEGER PRIMARY KEY,
    -- The city's time, Unix ms, and its signature, base64.
    at          INTEGER,
    countersign TEXT
) STRICT;
