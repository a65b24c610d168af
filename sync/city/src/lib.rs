//! The reference city ingest: stores, checks, acknowledges, shows.
