//! What this crate needs of a ledger. `edge/daemon` implements it over the store.

use std::error::Error;

use sync_engine::{Alarm, LedgerRecord};
use sync_wire::ack::Parked;
use sync_wire::{Hash, Head};
use tokio::sync::watch;

/// Any failure of a ledger; it is logged and the call is repeated later.
pub type LedgerError = Box<dyn Error + Send + Sync>;

/// Some records in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Hash before the first of them.
    pub prev: Hash,
    /// The records, without a gap.
    pub records: Vec<LedgerRecord>,
}

/// A ledger of one epoch. Calls may block for as long as a read from disk takes.
#[expect(
    async_fn_in_trait,
    reason = "only used on one single-threaded runtime, never sent"
)]
pub trait Ledger {
    /// The last record, and every one after it.
    fn head(&self) -> watch::Receiver<Head>;

    /// What the city has: without a hole, and beyond.
    async fn cursor(&self) -> Result<(u64, Vec<(u64, u64)>), LedgerError>;

    /// Records from `from` on, at most `records_max`, and as many as fit into `bytes_max` bytes of
    /// bodies but at least one.
    async fn page(
        &self,
        from: u64,
        records_max: u64,
        bytes_max: usize,
    ) -> Result<Page, LedgerError>;

    /// The hash at a record; at 0 the genesis of the epoch. `None` where there is no such record.
    async fn hash_at(&self, seq: u64) -> Result<Option<Hash>, LedgerError>;

    /// Writes down what the city has. It may be lost: a hello finds it again.
    async fn save_cursor(&self, through: u64, ranges: Vec<(u64, u64)>) -> Result<(), LedgerError>;

    /// Shows which records are parked at the city: all of them.
    async fn show_parked(&self, parked: Vec<Parked>) -> Result<(), LedgerError>;

    /// Tells somebody.
    async fn raise(&self, alarm: Alarm) -> Result<(), LedgerError>;
}
