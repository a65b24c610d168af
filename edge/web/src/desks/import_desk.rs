//! The way of a whole file into the ledger: step by step, each step with its records in one commit.

use edge_domain::Act;
use edge_store::{ImportJob, ImportRow, ImportStep, Reader};

use crate::error::SourceError;
use crate::source::BoxFuture;

/// Makes the acts of one step from what the ledger knows at that moment, and what is noted of the
/// file in the same commit; `None` where there is nothing to do. Nobody else records in between.
pub type ImportMaker =
    Box<dyn FnOnce(&Reader) -> Result<Option<(Vec<Act>, ImportStep)>, SourceError> + Send>;

/// Keeps the clerk's files and takes them in; the box implements it, because only the box seals and
/// knows the time.
pub trait ImportDesk: Send + Sync {
    /// What [`read_table`](crate::read_table) makes of a file, in a process of its own; `None` where
    /// that died on it or took too long.
    ///
    /// # Errors
    /// The process cannot be started.
    fn read(&self, file: Vec<u8>) -> BoxFuture<'_, Result<Option<Vec<u8>>, SourceError>>;

    /// Keeps a new file and gives its number. Files brought before the given time (Unix
    /// milliseconds) that are in one of the given states are forgotten.
    ///
    /// # Errors
    /// The box's file does not take it.
    fn begin(
        &self,
        job: ImportJob,
        rows: Vec<ImportRow>,
        forget: (i64, Vec<String>),
    ) -> BoxFuture<'_, Result<u64, SourceError>>;

    /// Forgets a file.
    ///
    /// # Errors
    /// The box's file does not take it.
    fn remove(&self, job: u64) -> BoxFuture<'_, Result<(), SourceError>>;

    /// Commits a step with its acts, all in one commit; says whether there was anything to do. When
    /// it answers, the pages and the gate know it.
    ///
    /// # Errors
    /// The ledger does not take it; then nothing of that step is in it.
    fn carry_out(&self, maker: ImportMaker) -> BoxFuture<'_, Result<bool, SourceError>>;
}
