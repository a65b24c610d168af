-- Certificates of special trades and emergency contacts; read models, the ledger fills them again.

-- A JSON list of {kind, number, issuer, until}; NULL where he has none.
ALTER TABLE worker ADD COLUMN certificates TEXT;
ALTER TABLE worker ADD COLUMN contact_name TEXT;
ALTER TABLE worker ADD COLUMN contact_kinship TEXT;
ALTER TABLE worker ADD COLUMN contact_phone TEXT;
