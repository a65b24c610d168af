-- Number of the worker's IC card, eight hexadecimal digits. (A read model: the ledger fills it again.)
ALTER TABLE worker ADD COLUMN ic_card TEXT;
