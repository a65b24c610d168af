//! What can go wrong with faces.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a face task failed.
#[derive(Debug, Error)]
pub(crate) enum FaceError {
    /// The system refuses a file or a socket.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Faults of the settings file, one a line, in Chinese.
    #[error("{0}")]
    Settings(String),
    /// A model file is missing, or is another file than this release knows; in Chinese.
    #[error("{0}")]
    Models(String),
    /// The key file holds no key of 32 bytes, or others may read it.
    #[error("the key file {path} is no key of 32 bytes that only its owner reads")]
    Key {
        /// Which file.
        path: PathBuf,
    },
    /// A template cannot be sealed or unsealed.
    #[error("a template is not sealed with this key")]
    Sealing,
    /// A list of pairs that cannot be read.
    #[error("line {line} of the pairs is not FILE,FILE,0 or 1")]
    Pairs {
        /// Which line, from 1.
        line: usize,
    },
    /// The camera's driver complains.
    #[error("the camera failed")]
    Camera(#[from] drivers_camera::CameraError),
    /// `OpenCV` complains.
    #[error("OpenCV failed")]
    OpenCv(#[from] opencv::Error),
}

impl FaceError {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}
