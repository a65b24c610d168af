//! What cannot be loaded or read.

use std::path::PathBuf;

/// Why no connection can be tried.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// A certificate or key file cannot be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A certificate or key is not what it should be (the key must be PKCS#8).
    #[error("{path} is not usable as {what}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        #[source]
        source: native_tls::Error,
    },
}
