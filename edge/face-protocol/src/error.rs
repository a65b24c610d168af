//! What can be wrong with a frame.

use thiserror::Error;

/// A frame that cannot be read or written. The connection ends with it.
#[derive(Debug, Error)]
pub enum FaceProtocolError {
    /// A length beyond the limit.
    #[error("a frame of {bytes} bytes is longer than allowed")]
    TooLong {
        /// What the length said.
        bytes: usize,
    },
    /// The bytes are no message of this version.
    #[error("a frame holds no known message")]
    Unknown {
        /// What the parser says; never the text itself.
        #[source]
        source: serde_json::Error,
    },
}
