//! Where the broker is and who we are.

use std::fmt;
use std::path::PathBuf;

use sync_engine::{Identity, Now, Settings};

/// Certificate files, PEM. They are read anew for every connection, so replacing them is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authority that signed the broker's certificate (its first certificate counts).
    pub ca: PathBuf,
    /// The box's certificate, with its chain; its common name is the box's name.
    pub certificate: PathBuf,
    /// The box's private key, PKCS#8.
    pub key: PathBuf,
}

/// Where the broker is and who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttSettings {
    /// Host name or address of the broker; with TLS it must be in the broker's certificate.
    pub host: String,
    /// Port of the broker.
    pub port: u16,
    /// Certificates; `None` speaks in the clear (tests and loopback only).
    pub tls: Option<TlsFiles>,
    /// Site, box, epoch, software.
    pub identity: Identity,
    /// Limits and times of the engine.
    pub engine: Settings,
    /// Version of the roster in force at the start.
    pub roster_version: Option<u64>,
}

/// Clock and randomness, which only the daemon may read.
pub struct Surroundings {
    /// The time by all clocks.
    pub now: Box<dyn Fn() -> Now>,
    /// Uniform over all of `u32`.
    pub jitter: Box<dyn Fn() -> u32>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Surroundings")
            .finish_non_exhaustive()
    }
}
