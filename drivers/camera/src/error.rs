//! What can be wrong with a camera.

use std::path::PathBuf;

use thiserror::Error;

/// Why a camera gives no frames.
#[derive(Debug, Error)]
pub enum CameraError {
    /// The address is none of the known forms.
    #[error("no camera address; expected v4l2:, rtsp://, http://, gst: or folder:")]
    Address,
    /// It does not open within the time limit.
    #[error("the camera does not open")]
    NotOpened,
    /// No frame within the time limit, or the stream ended.
    #[error("the camera sends no frame")]
    NoFrame,
    /// The folder holds no picture, or cannot be listed.
    #[error("no pictures in {folder}")]
    NoPictures {
        /// Which folder.
        folder: PathBuf,
    },
    /// `OpenCV` complains.
    #[cfg(feature = "opencv")]
    #[error("OpenCV failed")]
    OpenCv(#[from] opencv::Error),
}
