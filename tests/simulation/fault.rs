//! A promise that was broken.

use std::error::Error;

/// Which promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// What was recorded is there, and at the city.
    Lost,
    /// Nothing is there twice.
    Duplicated,
    /// Everything is there in its order.
    Reordered,
    /// No arm moves before the record.
    OpenedWithoutRecord,
    /// Nobody is kept inside.
    Trapped,
    /// Anything else that must hold.
    Other,
}

impl Promise {
    /// As the last line of `prove` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Reordered => "reordered",
            Self::OpenedWithoutRecord => "opened_without_record",
            Self::Trapped => "trapped",
            Self::Other => "other",
        }
    }

    pub(super) fn broken<T>(self, what: impl Into<String>) -> Step<T> {
        Err(Fault {
            promise: self,
            what: what.into(),
        })
    }

    pub(super) fn holds(self, holds: bool, what: impl FnOnce() -> String) -> Step<()> {
        if holds { Ok(()) } else { self.broken(what()) }
    }
}

/// How it was broken.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) promise: Promise,
    pub(super) what: String,
}

/// A part of a step.
pub(super) type Step<T> = Result<T, Fault>;

/// What fails although nothing made it fail.
impl<E: Error> From<E> for Fault {
    fn from(error: E) -> Self {
        let mut what = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            what = format!("{what}: {inner}");
            source = inner.source();
        }
        Self {
            promise: Promise::Other,
            what,
        }
    }
}
