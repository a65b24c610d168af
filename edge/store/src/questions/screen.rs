//! What the local screen keeps besides records: accounts, and files that a clerk brought.

use crate::account::{self, AccountRow};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::screen::import::{self, ImportCount, ImportJob, ImportRow};

#[expect(
    clippy::multiple_inherent_impl,
    reason = "a reader answers many questions: a file for each sort"
)]
impl Reader {
    /// The account of that name.
    pub fn account(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        account::named(self.db(), name)
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        account::all(self.db())
    }

    /// Files that the clerk brought, newest first, at most `jobs_max`.
    pub fn imports(&self, jobs_max: usize) -> Result<Vec<ImportJob>, StoreError> {
        import::jobs(self.db(), jobs_max)
    }

    /// One of them.
    pub fn import(&self, job: u64) -> Result<Option<ImportJob>, StoreError> {
        import::job(self.db(), job)
    }

    /// How many of its rows came to which outcome.
    pub fn import_counts(&self, job: u64) -> Result<Vec<ImportCount>, StoreError> {
        import::counts(self.db(), job)
    }

    /// Its rows behind the line `after` that have one of these outcomes, in the file's order, at
    /// most `rows_max`.
    pub fn import_rows(
        &self,
        job: u64,
        words: &[&str],
        (after, rows_max): (u32, usize),
    ) -> Result<Vec<ImportRow>, StoreError> {
        import::rows(self.db(), job, words, (after, rows_max))
    }
}
