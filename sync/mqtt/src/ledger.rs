//! What this crate needs of a ledger. `edge/daemon` implements it over the store.

use std::error::Error;

use sync_engine::{Alarm, DigestRun, EpochStart, Fork, LedgerRecord, OurHashes, PastFork, Survey};
use sync_wire::ack::Parked;
use sync_wire::ctl::Part;
use sync_wire::{Countersign, Hash, Head};
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

/// A ledger: the epoch that is written to, and older ones. Calls may block for as long as a read
/// from disk takes.
#[expect(
    async_fn_in_trait,
    reason = "only used on one single-threaded runtime, never sent"
)]
pub trait Ledger {
    /// The last record of the epoch that is written to, and every one after it.
    fn head(&self) -> watch::Receiver<Head>;

    /// The epoch that is written to, and what the city has of it.
    async fn current(&self) -> Result<EpochStart, LedgerError>;

    /// The last epoch that began because of a fork, by the monotonic clock of now, where any did.
    async fn last_fork(&self) -> Result<Option<PastFork>, LedgerError>;

    /// All older epochs, oldest first, also those of files that were recovered: the city is asked
    /// about each on every connection, for it may have lost something of them. A forked one ends
    /// here at the last common record. Asked for on every connection and every half minute.
    async fn older(&self) -> Result<Vec<EpochStart>, LedgerError>;

    /// Records of an epoch from `from` on: at most as many as the first limit says, and as many as
    /// fit into so many bytes of bodies as the second says, but at least one.
    async fn page(&self, epoch: &str, from: u64, limits: (u64, usize))
    -> Result<Page, LedgerError>;

    /// The hashes of an epoch at these records; at 0 the epoch's beginning. What it does not have
    /// is left out.
    async fn hashes(&self, epoch: &str, seqs: &[u64]) -> Result<OurHashes, LedgerError>;

    /// Writes down what the city has of an epoch. It may be lost: a hello finds it again.
    async fn save_cursor(
        &self,
        epoch: &str,
        through: u64,
        ranges: Vec<(u64, u64)>,
    ) -> Result<(), LedgerError>;

    /// Keeps which records of an epoch are parked at the city: the named ones, and of the numbers in
    /// the second part no others. It may be lost: the city tells it again.
    async fn keep_parked(
        &self,
        epoch: &str,
        told: (Vec<Parked>, Option<(u64, u64)>),
    ) -> Result<(), LedgerError>;

    /// Keeps what the city signed after checkpoints; `false` where it is not all the city's, or not
    /// all of this ledger. It may be lost: the box asks for it again.
    async fn keep_countersigns(
        &self,
        epoch: &str,
        signed: &[Countersign],
    ) -> Result<bool, LedgerError>;

    /// What is to be compared with the city on this civil day, a run at a time; `None` where nothing is
    /// left for the day.
    async fn to_compare(&self, day: i64) -> Result<Option<DigestRun>, LedgerError>;

    /// The roots over runs of an epoch, computed anew from the bodies.
    async fn roots(&self, epoch: &str, runs: &[(u64, u64)]) -> Result<Vec<Part>, LedgerError>;

    /// An epoch has been compared through this record; the city has these records otherwise, and
    /// somebody is told.
    async fn compared(
        &self,
        epoch: &str,
        through: u64,
        differs: Vec<u64>,
    ) -> Result<(), LedgerError>;

    /// What waits for the city, in all epochs.
    async fn survey(&self) -> Result<Survey, LedgerError>;

    /// Carries over every record of a forked epoch after the common one, each once, however often
    /// this is called. Where that epoch is the one that is written to, a new one begins with reason
    /// `forked`, and the fork's pause is kept with it. All of it happens or nothing; afterwards [`Ledger::head`] speaks of the epoch that
    /// is given back, which is written to from now on.
    async fn carry_over(&self, fork: Fork) -> Result<EpochStart, LedgerError>;

    /// Tells somebody.
    async fn raise(&self, alarm: Alarm) -> Result<(), LedgerError>;
}

/// What the engine starts from.
pub(crate) async fn beginning<L: Ledger>(
    ledger: &L,
) -> Result<(EpochStart, Option<PastFork>), LedgerError> {
    Ok((ledger.current().await?, ledger.last_fork().await?))
}
