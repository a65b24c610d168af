//! The way of the clerk's acts into the ledger.

use edge_domain::Act;
use edge_store::Reader;

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
}
