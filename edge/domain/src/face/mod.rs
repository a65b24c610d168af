//! What a camera's pictures mean: `measure` how alike two faces are · `face_policy` the numbers,
//! with their sources · `compared` one card holder against his templates · `watch` everybody
//! against all templates, one credential an appearance.
//!
//! Who measures faces is elsewhere (a process of its own): here only its numbers arrive.

mod measure;
mod face_policy;
mod compared;
mod watch;

pub use compared::{FaceEvidence, FaceFinding, compare};
pub use face_policy::{FacePolicy, IdentifyRow, NoFace};
pub use measure::{FaceFrame, FaceMatch, Similarity};
pub use watch::FaceWatch;
