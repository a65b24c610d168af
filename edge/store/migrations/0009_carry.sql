-- Records of an epoch that forked and that are still to be carried over into the epoch that is written to.
-- A row shrinks in the very commit that carries its first records over.
CREATE TABLE carry (
    epoch_no INTEGER NOT NULL REFERENCES epoch (no),
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    PRIMARY KEY (epoch_no, first)
) STRICT, WITHOUT ROWID;

-- First record of an epoch that came out of a recovered file; it and what follows change no read model.
-- 1: the whole epoch, which is then an older one whatever its number. NULL: none.
ALTER TABLE epoch ADD COLUMN recovered_from INTEGER;
