//! Everything that can go wrong in the screen.

/// A failure below the screen; it is logged once and shown as a short error page.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// A failure of the screen; none of them touches the gate.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The listening socket failed.
    #[error("cannot serve the screen")]
    Serve(#[source] std::io::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes")]
    Random(#[source] getrandom::Error),
    /// A password could not be hashed, or a stored hash not be read.
    #[error("cannot check a password")]
    Hash(#[source] SourceError),
    /// Too many people sign in at once.
    #[error("too many sign-ins at once")]
    Busy,
    /// The box's file did not answer.
    #[error("cannot {step}")]
    Source {
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        source: SourceError,
    },
    /// A template failed.
    #[error("cannot render a page")]
    Render(#[source] askama::Error),
    /// A background thread ended without an answer.
    #[error("background work ended early")]
    Background(#[source] tokio::task::JoinError),
}

impl WebError {
    /// For `map_err` on an answer of the box's file.
    pub(crate) fn source(step: &'static str) -> impl FnOnce(SourceError) -> Self {
        move |source| Self::Source { step, source }
    }
}
