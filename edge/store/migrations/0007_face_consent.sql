-- Who allows the use of his face at the gate.
CREATE TABLE face_consent (
    worker INTEGER PRIMARY KEY,
    given  INTEGER NOT NULL
) STRICT;
