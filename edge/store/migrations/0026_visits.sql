-- Visitors.

-- A read model: the ledger fills it again. Without a name where the key is gone.
CREATE TABLE visit (
    visit     INTEGER PRIMARY KEY,
    name      TEXT,
    company   TEXT,
    host      TEXT,
    reason    TEXT,
    id_number TEXT,
    ic_card   TEXT,
    from_ms   INTEGER NOT NULL,
    until_ms  INTEGER NOT NULL,
    account   TEXT NOT NULL,
    ended_at  INTEGER,
    -- When he last went in; NULL where he is outside.
    inside_at INTEGER
) STRICT;

-- The keys that the sealed parts of visits open with; of these the ledger knows nothing.
CREATE TABLE visit_key (
    visit INTEGER PRIMARY KEY,
    key   BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
