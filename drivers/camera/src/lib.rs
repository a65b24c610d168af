//! Cameras of a lane.
//!
//! An address becomes a thread that keeps the newest frame and says how the camera is. Every open
//! and every read has a time limit; a camera that is gone is tried again for ever.
//! The crate knows no face, no worker and no lane. Without the feature `opencv` only addresses and
//! the judgment of a picture are built, and no `OpenCV` is needed.
//!
//! Reading order: [`CameraAddress`], [`ConditionWatch`], `capture`.

mod error;
mod address;
mod condition;
#[cfg(feature = "opencv")]
mod slot;
#[cfg(feature = "opencv")]
mod capture;

pub use address::CameraAddress;
#[cfg(feature = "opencv")]
pub use capture::{CameraSettings, run};
pub use condition::{Condition, ConditionWatch, FrameFacts};
pub use error::CameraError;
#[cfg(feature = "opencv")]
pub use slot::{Frame, FrameSlot};
