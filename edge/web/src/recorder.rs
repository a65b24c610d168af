//! The way of the clerk's acts into the ledger.

use edge_domain::{Act, WorkerId};
use edge_store::{KeptSheet, Reader};

use crate::error::SourceError;
use crate::source::BoxFuture;

/// Why an act cannot be recorded, in Chinese: cause and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    /// Takes a sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Makes the acts of one request from what the ledger knows at that moment. Nobody else records in
/// between, so that numbers are given once and two clerks do not overwrite each other unseen.
pub type ActMaker =
    Box<dyn FnOnce(&Reader) -> Result<Result<Vec<Act>, Refusal>, SourceError> + Send>;

/// Records the clerk's acts; the box implements it, because only the box seals and knows the time.
pub trait Recorder: Send + Sync {
    /// Commits what `maker` makes, at most a hundred acts in one commit. When it answers, the pages
    /// and the gate know it.
    ///
    /// # Errors
    /// The ledger does not take it; then nothing of that commit is in it.
    fn record(&self, maker: ActMaker) -> BoxFuture<'_, Result<Result<(), Refusal>, SourceError>>;

    /// Keeps a picture or document that speaks for a correction of this worker, sealed with his key;
    /// `digest` is its SHA-256. Answers false where he has no key any more.
    ///
    /// # Errors
    /// The ledger's file does not take it.
    fn keep_file(
        &self,
        worker: WorkerId,
        digest: String,
        bytes: Vec<u8>,
    ) -> BoxFuture<'_, Result<bool, SourceError>>;

    /// Keeps a sheet as it is.
    ///
    /// # Errors
    /// The ledger's file does not take it.
    fn keep_sheet(&self, sheet: KeptSheet) -> BoxFuture<'_, Result<(), SourceError>>;
}
