//! What the city has said: how far it has the ledger, and what of it it cannot use yet.

pub(crate) mod cursor;
pub(crate) mod parked;
