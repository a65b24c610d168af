//! The box's one file: ledger, cursor, read models, sealed personal data.
