-- What schema 3 has beyond schema 2.
-- What the city signed for boxes, and what became of it.
CREATE TABLE down (
    box        TEXT NOT NULL,
    series     TEXT NOT NULL, -- roster, cmd: the topic
    number     INTEGER NOT NULL,
    what       TEXT NOT NULL, -- roster, policy, revoke
    version    INTEGER NOT NULL, -- of the roster or policy, or 0
    detail     TEXT NOT NULL, -- for people
    message    BLOB NOT NULL, -- as it was signed
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    sent_at    INTEGER, -- last time
    times      INTEGER NOT NULL DEFAULT 0, -- how often it went out
    again      INTEGER NOT NULL, -- how often it was signed anew
    -- pending, done, refused, overtaken, expired; again, rebase: another is signed in its place
    state      TEXT NOT NULL DEFAULT 'pending',
    code       TEXT NOT NULL DEFAULT '', -- of the box's last answer
    said       TEXT NOT NULL DEFAULT '', -- the same for people
    said_at    INTEGER,
    PRIMARY KEY (box, series, number)
);
CREATE INDEX down_state ON down (state);

UPDATE schema_version SET number = 3;
