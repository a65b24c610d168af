//! Against a real broker, with a tiny city and a ledger in memory.

mod pki;
mod harness;
mod broker;
mod traps;
mod time;
mod notary;
