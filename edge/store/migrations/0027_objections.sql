-- Workers' objections (工人异议) and their answers, found without the other acts on record.

-- A read model: the ledger fills it again.
CREATE TABLE dispute_act (
    ledger_id INTEGER PRIMARY KEY
) STRICT;
