-- Records that the city has stored and cannot use yet, with its reason, as it told last. Like the cursor this is the
-- city's word: no folding of the ledger gives it.
CREATE TABLE parked (
    epoch_no INTEGER NOT NULL REFERENCES epoch (no),
    seq      INTEGER NOT NULL,
    -- The word of sync/PROTOCOL.md section 9.
    code     TEXT NOT NULL,
    message  TEXT NOT NULL,
    PRIMARY KEY (epoch_no, seq)
) STRICT, WITHOUT ROWID;

-- They stood there before, those of one epoch at a time; the city tells them again with its next answer to a hello.
DELETE FROM setting WHERE name = 'parked';

-- Declared absences, carried ones among them: every heartbeat names those that wait for the city.
CREATE INDEX ledger_gap ON ledger (id) WHERE instr(body, x'226b696e64223a2267617022') > 0;
