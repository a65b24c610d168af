//! What can go wrong in the simulator.

use std::io;
use std::path::PathBuf;

/// A step of the simulator that failed.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The pseudo-terminal of a device could not be made.
    #[error("open a pseudo-terminal for {link}")]
    OpenPty {
        /// The stable name that the box opens.
        link: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("read {path}")]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("write {path}")]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The firmware's image is not there.
    #[error("{image} is not built: run `cargo firmware` (./dev does) and try again")]
    NoImage {
        /// The file.
        image: PathBuf,
    },
    /// The chip's emulator does not start.
    #[error("start qemu-system-arm (Debian package qemu-system-arm)")]
    Qemu {
        /// What the system said.
        source: io::Error,
    },
    /// A value could not be written as JSON.
    #[error("encode {what} as JSON")]
    Encode {
        /// What was to be written.
        what: &'static str,
        /// What the encoder said.
        source: serde_json::Error,
    },
    /// The scenario file is not valid TOML or has an unknown key.
    #[error("parse the site day")]
    ParseSiteDay {
        /// Line and reason.
        source: Box<toml::de::Error>,
    },
    /// The scenario file is readable but contradicts itself.
    #[error("site day: {problem}")]
    SiteDay {
        /// What is wrong, naming key and value.
        problem: String,
    },
    /// The page's address could not be bound.
    #[error("listen on {address}")]
    Listen {
        /// The address asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The page must stay on the loopback interface: it opens gates without asking who asks.
    #[error("{address} is not a loopback address")]
    NotLoopback {
        /// The address asked for.
        address: String,
    },
    /// The page's server stopped.
    #[error("serve the page")]
    Serve {
        /// What the system said.
        source: io::Error,
    },
    /// The terminating signals could not be watched.
    #[error("watch for the stop signal")]
    Signal {
        /// What the system said.
        source: io::Error,
    },
    /// A portrait of the album cannot be read: set-up fetches them.
    #[error("read the picture {path}")]
    Picture {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<image::ImageError>,
    },
    /// A camera's frame cannot be packed.
    #[error("pack a frame")]
    Frame {
        /// Why.
        source: Box<image::ImageError>,
    },
    /// No reader, lane or device of that name.
    #[error("no {what} named {name}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The device's task has ended.
    #[error("{device} has stopped")]
    Stopped {
        /// The device.
        device: String,
    },
}
