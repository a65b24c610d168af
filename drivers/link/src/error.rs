//! What can go wrong with a link, from its address to its last byte.

use std::io;

/// Why a device cannot be talked to, for those who choose their words by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkCause {
    /// There is no such port, or nothing listens at the address.
    Missing,
    /// Another program holds the port.
    Held,
    /// The process may not open the port.
    NotPermitted,
    /// The link is open or was tried, and nothing answers.
    Silent,
    /// It was there and is gone: unplugged, or the connection was closed.
    Unplugged,
    /// The system or the line fails in another way.
    Broken,
    /// Something answers that does not belong here.
    WrongDevice,
    /// The device answers and does not do what it is asked for: it is set up otherwise.
    Refused,
}

/// Why an address was refused, or a link could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The text has no `scheme:` that this crate knows.
    #[error("link address `{address}` starts with neither `serial:` nor `tcp:`")]
    UnknownScheme {
        /// The whole address as written.
        address: String,
    },
    /// A serial address whose path is empty or not absolute.
    #[error("serial path `{path}` is not an absolute path")]
    BadPath {
        /// The path as written.
        path: String,
    },
    /// An option other than `baud`.
    #[error("serial option `{option}` is not known, only `baud=` is")]
    UnknownOption {
        /// The option as written, `name=value`.
        option: String,
    },
    /// A baud rate that is no number or outside the range of [`crate::BAUD_MIN`] to [`crate::BAUD_MAX`].
    #[error("baud rate `{value}` is not a number from 1200 to 921600")]
    BadBaud {
        /// The value as written.
        value: String,
    },
    /// A TCP address without a host.
    #[error("tcp host `{host}` is empty or not well formed")]
    BadHost {
        /// The host as written.
        host: String,
    },
    /// A TCP address without a port from 1 to 65535.
    #[error("tcp port `{port}` is not a number from 1 to 65535")]
    BadPort {
        /// The port as written.
        port: String,
    },
    /// Another process has the serial port open and locked.
    #[error("another program holds the port {address}")]
    Held {
        /// The address that was opened.
        address: String,
    },
    /// There is no such device node, or nothing listens at the socket address.
    #[error("nothing is there at {address}")]
    Missing {
        /// The address that was opened.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The process may not open the device node.
    #[error("no permission to open {address}")]
    NotPermitted {
        /// The address that was opened.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The TCP peer did not answer in time.
    #[error("{address} did not answer within {timeout_ms} ms")]
    ConnectTimeout {
        /// The address that was opened.
        address: String,
        /// How long was waited.
        timeout_ms: u64,
    },
    /// Any other failure to open.
    #[error("{address} could not be opened")]
    Open {
        /// The address that was opened.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The far end is gone: a read returned no bytes.
    #[error("the device was unplugged or closed the connection")]
    Unplugged,
    /// A read failed.
    #[error("reading from the link failed")]
    Read {
        /// The system's answer.
        source: io::Error,
    },
    /// A write failed.
    #[error("writing to the link failed")]
    Write {
        /// The system's answer.
        source: io::Error,
    },
}

impl LinkError {
    /// What kind of trouble this is.
    pub const fn cause(&self) -> LinkCause {
        match self {
            Self::Missing { .. } => LinkCause::Missing,
            Self::Held { .. } => LinkCause::Held,
            Self::NotPermitted { .. } => LinkCause::NotPermitted,
            Self::ConnectTimeout { .. } => LinkCause::Silent,
            Self::Unplugged => LinkCause::Unplugged,
            Self::UnknownScheme { .. }
            | Self::BadPath { .. }
            | Self::UnknownOption { .. }
            | Self::BadBaud { .. }
            | Self::BadHost { .. }
            | Self::BadPort { .. }
            | Self::Open { .. }
            | Self::Read { .. }
            | Self::Write { .. } => LinkCause::Broken,
        }
    }
}
