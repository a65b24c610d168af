//! Where the broker is and who we are.

use std::fmt;
use std::path::PathBuf;

use sync_engine::{Identity, Now, Settings};
use sync_wire::Report;
use sync_wire::down::Series;
use tokio::sync::mpsc;

/// How often the certificate files are looked at, ms.
pub const TLS_CHECK_MS: u64 = 30_000;

/// Certificate files, PEM. They are read anew for every connection; where they change, and belong
/// together, the box connects anew with them. So replacing them is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authority that signed the broker's certificate (its first certificate counts).
    pub ca: PathBuf,
    /// The box's certificate, with its chain; its common name is the box's name.
    pub certificate: PathBuf,
    /// The box's private key, PKCS#8.
    pub key: PathBuf,
}

/// An HTTP proxy that lets connections through to the broker (`CONNECT`).
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password, where the proxy wants them.
    pub login: Option<(String, String)>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
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
    /// How often the certificate files are looked at, ms; usually [`TLS_CHECK_MS`].
    pub tls_check_ms: u64,
    /// The way through a proxy, if there is no other.
    pub proxy: Option<Proxy>,
    /// Site, box, software.
    pub identity: Identity,
    /// Limits and times of the engine.
    pub engine: Settings,
    /// Version of the roster in force at the start.
    pub roster_version: Option<u64>,
}

/// A signed message of the city as it came; [`sync_wire::down::open`] says whether it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The topic on which it came.
    pub series: Series,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// What the box says beside its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbound {
    /// How a signed message ended.
    Report(Report),
    /// Another roster version is in force.
    RosterApplied(u64),
}

/// Clock and randomness, which only the daemon may read, and the desk that opens what comes down.
pub struct Surroundings {
    /// Where signed messages go. Where it is full, they are dropped: the city sends them again.
    pub inbox: mpsc::Sender<Inbound>,
    /// Results, and what a hello says.
    pub outbox: mpsc::Receiver<Outbound>,
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
