-- What an account of the screen may do, and the one-time code by which its person sets a password.
ALTER TABLE account ADD COLUMN duty TEXT NOT NULL DEFAULT 'clerk';
ALTER TABLE account ADD COLUMN team INTEGER;
ALTER TABLE account ADD COLUMN ends_at INTEGER;
ALTER TABLE account ADD COLUMN code_hash TEXT;
ALTER TABLE account ADD COLUMN code_ends_at INTEGER;
