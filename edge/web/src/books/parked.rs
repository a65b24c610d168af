//! Records that the city stored but cannot use yet, with its reasons.

use serde::Deserialize;

/// Name of the setting that holds them: a JSON list of `{seq, code, message}` of the current epoch.
pub const PARKED_SETTING: &str = "parked";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Parked {
    /// Its number in the current epoch.
    pub(crate) seq: u64,
    /// The city's reason in Chinese.
    pub(crate) message: String,
}
