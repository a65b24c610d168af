-- What schema 4 has beyond schema 3.
-- When the box said hello with this epoch as its newest.
ALTER TABLE epoch ADD COLUMN greeted_at INTEGER;
-- Since when the hole before this run stands as it does, or when it was asked for.
ALTER TABLE span ADD COLUMN hole_at INTEGER NOT NULL DEFAULT 0;
-- Control messages of types that the city does not know: the box is newer.
ALTER TABLE box ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0;
-- How much longer the next wait for this hole is than the first one.
ALTER TABLE span ADD COLUMN patience INTEGER NOT NULL DEFAULT 1;
-- The last record that the box has of an epoch to which it writes no more; none for one that it writes to.
ALTER TABLE epoch ADD COLUMN closed_last INTEGER;
-- 1: at its last hello the box had less of it than the city.
ALTER TABLE epoch ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;

-- Changes of a box's clock, by the place of their record in the ledger where it was written; `via` is the
-- epoch where it stands at the city: another one where it was carried over.
CREATE TABLE clock_change (
    box      TEXT NOT NULL,
    epoch    TEXT NOT NULL,
    via      TEXT NOT NULL,
    boot     INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    by_ms    INTEGER NOT NULL,
    proof    INTEGER NOT NULL, -- 1: a source of time proved it
    after_at INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, via, boot, seq)
);

-- What happened while the clock of a box was unset, named in the same way.
CREATE TABLE unset_act (
    box         TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    via         TEXT NOT NULL,
    boot        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL, -- as it was written: no earlier than this
    counted     INTEGER NOT NULL, -- 1: it is attendance
    gap_from    INTEGER, -- it declares an absence from then until itself
    gap_moves   INTEGER NOT NULL, -- 1: the absence began by the same clock
    by_ms       INTEGER, -- what corrects it; none before a proof of its boot's clock
    received_at INTEGER NOT NULL,
    PRIMARY KEY (box, epoch, via, boot, seq)
);

UPDATE schema_version SET number = 4;
