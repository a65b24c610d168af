-- What schema 4 has beyond schema 3.
-- When the box said hello with this epoch as its newest.
ALTER TABLE epoch ADD COLUMN greeted_at INTEGER;
-- Since when the hole before this run stands as it does, or when it was asked for.
ALTER TABLE span ADD COLUMN hole_at INTEGER NOT NULL DEFAULT 0;
-- Control messages of types that the city does not know: the box is newer.
ALTER TABLE box ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0;

UPDATE schema_version SET number = 4;
