-- Epoch and boot (epoch_no << 32 | boot) whose clock was unset when it happened and that no source of time has
-- proved since: the time stands until then under reserve, and a later clock record of that boot corrects it.
-- NULL: the time can be believed. (Read models: the ledger fills them again.)
ALTER TABLE attendance ADD COLUMN unset_in INTEGER;
ALTER TABLE presence ADD COLUMN unset_in INTEGER;
CREATE INDEX attendance_unset ON attendance (unset_in) WHERE unset_in IS NOT NULL;
