-- Pictures of doubtful and mismatched faces, by the presentation that somebody will look into. They
-- are no read models: nothing gives them again, and they go when their time is up.
CREATE TABLE gate_picture (
    -- Ledger key of the presentation.
    presentation INTEGER NOT NULL,
    -- 'gate': who stood there; 'own': the enrolled picture of the card's holder.
    role         TEXT NOT NULL CHECK (role IN ('gate', 'own')),
    -- Whose card it was: his own picture goes with his consent.
    worker       INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    -- Unix ms; from then on nobody sees it and it is deleted.
    until_ms     INTEGER NOT NULL,
    PRIMARY KEY (presentation, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX gate_picture_file ON gate_picture (sha256);
CREATE TABLE picture_file (
    sha256 TEXT NOT NULL PRIMARY KEY,
    jpeg   BLOB NOT NULL
) STRICT;
