//! Cameras: whoever stands before them, as frames of MJPEG over HTTP.

mod album;
mod scene;

pub use album::{Album, Shot};
pub use scene::{CameraHandle, Showing};
