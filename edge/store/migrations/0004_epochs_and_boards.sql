-- Last sign of life, Unix ms, written along with the pulse: from then to the next start nothing was recorded.
ALTER TABLE box ADD COLUMN alive_at INTEGER NOT NULL DEFAULT 0;

-- The epoch to which what the city lacked of this one was carried over; it is not uploaded itself any more.
ALTER TABLE epoch ADD COLUMN carried_to INTEGER;

-- A board is named by its factory number, 16 hexadecimal digits; records of older versions name none.
-- (A read model: the ledger fills it again.)
DROP TABLE board_event;
CREATE TABLE board_event (
    lane TEXT PRIMARY KEY,
    uid  TEXT,
    boot INTEGER NOT NULL,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
