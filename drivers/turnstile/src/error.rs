//! Why a command did not reach the driver.

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TurnstileError {
    /// More commands wait than the driver can ever need; it stands still.
    #[error("the gate driver takes no more commands")]
    Full,
    /// The driver has ended.
    #[error("the gate driver has ended")]
    Ended,
}
