//! What the screen needs from the box's file, as two narrow traits.
//!
//! `ledger_source` implements both over the ledger; the tests implement them in memory.

use std::future::Future;
use std::pin::Pin;

use crate::error::SourceError;
use crate::guard::duty::Duty;
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
    /// Argon2id hash in PHC form; `None` until its person has set a password.
    pub password_hash: Option<String>,
    /// What it may do.
    pub duty: Duty,
    /// From when on it opens nothing any more, Unix milliseconds.
    pub ends_at_ms: Option<i64>,
    /// The one-time code by which its person sets a password.
    pub code: Option<AccountCode>,
}

/// Hash and end of an account's one-time code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCode {
    /// Hash, as [`ClaimCode::hash`](crate::ClaimCode::hash) makes it.
    pub hash: String,
    /// From when on it is worthless, Unix milliseconds.
    pub ends_at_ms: i64,
}

impl Account {
    /// A clerk with this password.
    pub fn clerk(name: impl Into<String>, password_hash: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            password_hash: Some(password_hash.into()),
            duty: Duty::Clerk,
            ends_at_ms: None,
            code: None,
        }
    }

    /// The hash of a code that is good at `now_ms`.
    pub(crate) fn code_hash_at(&self, now_ms: i64) -> Option<String> {
        let code = self.code.as_ref().filter(|code| now_ms < code.ends_at_ms);
        code.map(|code| code.hash.clone())
    }

    /// Whether it opens nothing any more.
    pub(crate) fn has_ended(&self, now_ms: i64) -> bool {
        self.ends_at_ms.is_some_and(|ends| now_ms >= ends)
    }
}

/// Where accounts and the claim code's hash are kept.
pub trait AccountStore: Send + Sync {
    /// The account of that name.
    fn account(&self, name: &str) -> BoxFuture<'_, Result<Option<Account>, SourceError>>;

    /// Everybody who may sign in, or will.
    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, SourceError>>;

    /// Hash of the claim code that is valid now; `None` once it was used.
    fn claim_code_hash(&self) -> BoxFuture<'_, Result<Option<String>, SourceError>>;

    /// Stores `account` (or its new password) and uses up the code, in one step.
    /// Answers false, and stores nothing, where `code_hash` is no longer the valid one.
    fn claim(
        &self,
        account: Account,
        code_hash: String,
    ) -> BoxFuture<'_, Result<bool, SourceError>>;

    /// Stores an account, or replaces the one of that name.
    fn put(&self, account: Account) -> BoxFuture<'_, Result<(), SourceError>>;

    /// Gives an account another password and uses up its code; answers false where it is no more.
    fn set_password(
        &self,
        name: &str,
        password_hash: String,
    ) -> BoxFuture<'_, Result<bool, SourceError>>;

    /// Removes an account; answers false where there is none of that name.
    fn remove(&self, name: &str) -> BoxFuture<'_, Result<bool, SourceError>>;
}
