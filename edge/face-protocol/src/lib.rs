//! What `menwei` and `menwei-face` say to each other over their Unix socket.
//!
//! A frame is a length (four bytes, big-endian) and so many bytes of one JSON object. The first
//! frame of either side is its greeting with the version; a side that hears another version hangs
//! up. Unknown fields are ignored, unknown messages are an error: the two programs are installed
//! together. No template ever crosses the socket: neither message has a field that could hold one.
//!
//! Reading order: [`message`](ToFace), [`frame`](FrameReader).

mod error;
mod message;
mod frame;

pub use error::FaceProtocolError;
pub use frame::{FRAME_BYTES_MAX, FrameReader, encode};
pub use message::{
    CameraPlace, CameraState, EngineState, Enrollment, FromFace, HeldTemplate, PICTURE_BYTES_MAX,
    Picture, SHOT_MS_MAX, ToFace, Unusable, VERSION, Way,
};
