-- The project's money for wages: what stands. All of these are read models: the ledger fills them again.

-- 工资专用账户: the newest; amounts are fen everywhere.
CREATE TABLE fund_account (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    bank       TEXT NOT NULL,
    number     TEXT NOT NULL,
    opened     TEXT NOT NULL,
    from_month TEXT NOT NULL,
    due_day    INTEGER NOT NULL,
    monthly    INTEGER,
    account    TEXT NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

-- 工资保证金: the newest.
CREATE TABLE fund_deposit (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    form      TEXT NOT NULL,
    holder    TEXT NOT NULL,
    reference TEXT,
    amount    INTEGER NOT NULL,
    until     TEXT,
    account   TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

-- 人工费拨付: the newest of each number.
CREATE TABLE fund_transfer (
    transfer  INTEGER PRIMARY KEY,
    month     TEXT NOT NULL,
    amount    INTEGER NOT NULL,
    on_day    TEXT NOT NULL,
    reference TEXT,
    why       TEXT,
    account   TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
