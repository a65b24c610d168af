//! Why a terminal is of no use now.

/// What is wrong with a terminal or the way to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerminalFault {
    /// Nobody answers, or the connection broke.
    #[error("no connection: {0}")]
    NoLink(String),
    /// It (or the broker) refuses name or password. It is asked again rarely: terminals lock
    /// themselves after some wrong passwords.
    #[error("name or password refused")]
    Refused {
        /// For how long it has locked itself, where it says so, seconds.
        locked_s: Option<u64>,
    },
    /// It was silent for longer than any working one is.
    #[error("silent")]
    Silent,
    /// It says what nobody understands.
    #[error("not understood: {0}")]
    NotUnderstood(String),
    /// It refuses one request.
    #[error("refused: {0}")]
    Declined(String),
}
