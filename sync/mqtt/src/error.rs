//! What cannot be loaded or read, and why there is no connection.

use std::io;
use std::path::PathBuf;

use openssl::error::ErrorStack;
use rumqttc::ConnectionError;

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
        source: io::Error,
    },
    /// A certificate or key is not what it should be.
    #[error("{path} is not usable as {what}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        #[source]
        source: ErrorStack,
    },
}

/// Why a line to the city is not laid.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// There is no way to it.
    #[error("cannot connect to {address}")]
    Network {
        /// Host and port.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The proxy cannot be reached, or lets nobody through.
    #[error("no way through the proxy {address}")]
    Proxy {
        /// Its host and port.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// One does not take the other for whom he should be.
    #[error(transparent)]
    Tls(#[from] Unshaken),
    /// Nothing came of it in time.
    #[error("no connection in time")]
    Slow,
    /// The machine gives no local socket.
    #[error("no local socket")]
    Local(#[source] io::Error),
}

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum Unshaken {
    /// OpenSSL does not even begin.
    #[error("TLS cannot be set up")]
    Unready(#[from] ErrorStack),
    /// It ended in the middle.
    #[error("{judgement}")]
    Refused {
        /// What there is to say against the other side's certificate.
        judgement: &'static str,
        /// What OpenSSL says.
        #[source]
        source: openssl::ssl::Error,
    },
}

/// Why a connection ended or did not come up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The line was not laid.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The line broke.
    #[error("the connection broke")]
    Line(#[source] io::Error),
    /// The broker confirmed later messages, and this one never.
    #[error("the broker left message {number} unconfirmed")]
    Unconfirmed {
        /// Its number in MQTT.
        number: u16,
    },
    /// MQTT ended it.
    #[error(transparent)]
    Mqtt(ConnectionError),
}
