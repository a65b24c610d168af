//! What the screen needs from the box's file, as two narrow traits.
//!
//! `ledger_source` implements both over the ledger; the tests implement them in memory.

use std::future::Future;
use std::pin::Pin;

use crate::error::SourceError;
use crate::view::TodayView;

/// A boxed future, so that the traits stay usable as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the figures of 今日 come from. Called on a blocking thread.
pub trait TodaySource: Send + Sync {
    /// The day that contains `now_ms` (Unix milliseconds), with at most `rows_max` passages.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    fn today(&self, now_ms: i64, rows_max: usize) -> Result<TodayView, SourceError>;
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Sign-in name, 2 to 32 characters.
    pub name: String,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
}

/// Where accounts and the claim code's hash are kept.
pub trait AccountStore: Send + Sync {
    /// The account of that name.
    fn account(&self, name: &str) -> BoxFuture<'_, Result<Option<Account>, SourceError>>;

    /// Whether anybody can sign in at all.
    fn has_account(&self) -> BoxFuture<'_, Result<bool, SourceError>>;

    /// Hash of the claim code that is valid now; `None` once it was used.
    fn claim_code_hash(&self) -> BoxFuture<'_, Result<Option<String>, SourceError>>;

    /// Stores `account` (or its new password) and uses up the code, in one step.
    /// Answers false, and stores nothing, where `code_hash` is no longer the valid one.
    fn claim(
        &self,
        account: Account,
        code_hash: String,
    ) -> BoxFuture<'_, Result<bool, SourceError>>;

    /// Replaces the password hash of an existing account.
    fn set_password(&self, account: Account) -> BoxFuture<'_, Result<(), SourceError>>;
}
