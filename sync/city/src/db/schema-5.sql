-- What schema 5 has beyond schema 4.
-- The public key with which the box signs its checkpoints: the first that it told, or empty.
ALTER TABLE box ADD COLUMN device_key TEXT NOT NULL DEFAULT '';
-- Checkpoints. state: 0 waits for records before it or for the key, 1 signed by the city, 2 not to be believed.
CREATE TABLE checkpoint (
    box       TEXT NOT NULL,
    epoch     TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    state     INTEGER NOT NULL DEFAULT 0,
    at        INTEGER,
    signature TEXT,
    PRIMARY KEY (box, epoch, seq)
);
CREATE INDEX checkpoint_waiting ON checkpoint (box, epoch, seq) WHERE state = 0;

UPDATE schema_version SET number = 5;
