"""What the city has: bodies and hashes in SQLite, durable at every commit."""

import sqlite3

from wire import Refused, genesis, refuse_unless

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  box TEXT, epoch TEXT, seq INTEGER, body BLOB, hash BLOB, parked TEXT,
  PRIMARY KEY (box, epoch, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heard (box TEXT, topic TEXT, payload BLOB);
CREATE TABLE IF NOT EXISTS alarm (box TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS sent (box TEXT PRIMARY KEY, number INTEGER);
CREATE TABLE IF NOT EXISTS result (box TEXT, number INTEGER, ok INTEGER, code TEXT);
"""


class Store:
    """One connection; a transaction spans one message."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)

    def epochs(self):
        """Every box with its epochs."""
        return self.db.execute("SELECT DISTINCT box, epoch FROM record").fetchall()

    def note(self, box, topic, payload):
        """Keeps what a box said beside its records."""
        self.db.execute("INSERT INTO heard VALUES (?, ?, ?)", (box, topic, payload))

    def alarm(self, box, reason):
        """Keeps why something was refused."""
        self.db.execute("INSERT INTO alarm VALUES (?, ?)", (box, reason))

    def next_number(self, box):
        """Grows with every signed message to a box, and outlives the process."""
        return self.db.execute(
            """INSERT INTO sent VALUES (?, 1)
               ON CONFLICT (box) DO UPDATE SET number = number + 1 RETURNING number""",
            (box,),
        ).fetchone()[0]

    def result(self, box, said):
        """Keeps how a signed message ended."""
        row = (box, said.get("number"), said.get("ok") is True, said.get("code"))
        self.db.execute("INSERT INTO result VALUES (?, ?, ?, ?)", row)

    def has_roster(self, box):
        """Whether the box says that it has applied the roster."""
        row = self.db.execute("SELECT 1 FROM result WHERE box = ? AND ok", (box,)).fetchone()
        return row is not None

    def hash_at(self, box, epoch, seq):
        """The stored hash, or none."""
        if seq == 0:
            return genesis(box, epoch)
        where = (box, epoch, seq)
        row = self.db.execute(
            "SELECT hash FROM record WHERE box = ? AND epoch = ? AND seq = ?", where
        ).fetchone()
        return row and row[0]

    def take(self, header, bodies, hashes, trouble):
        """Step 5 of section 7: everything or nothing. Gives the numbers newly parked."""
        box, epoch, first = header["box"], header["epoch"], header["from"]
        parked = []
        self.db.execute("BEGIN IMMEDIATE")
        try:
            before = self.hash_at(box, epoch, first - 1)
            refuse_unless(before is None or before.hex() == header["prev"], "a fork before it")
            for seq, (body, at) in enumerate(zip(bodies, hashes), first):
                known = self.hash_at(box, epoch, seq)
                refuse_unless(known is None or known == at, f"a fork at {seq}")
                if known is not None:
                    continue
                code = trouble(body)
                if code:
                    parked.append((seq, code))
                self.db.execute(
                    "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)",
                    (box, epoch, seq, body, at, code),
                )
            self.db.execute("COMMIT")
        except Refused:
            self.db.execute("ROLLBACK")
            raise
        return parked

    def runs(self, box, epoch):
        """Unbroken runs of what is stored: first and last."""
        return self.db.execute(
            """SELECT min(seq), max(seq) FROM
               (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run
                FROM record WHERE box = ? AND epoch = ?) GROUP BY run ORDER BY 1""",
            (box, epoch),
        ).fetchall()

    def parked(self, box, epoch):
        """What is parked, oldest first."""
        return self.db.execute(
            """SELECT seq, parked FROM record
               WHERE box = ? AND epoch = ? AND parked IS NOT NULL ORDER BY seq LIMIT 100""",
            (box, epoch),
        ).fetchall()
