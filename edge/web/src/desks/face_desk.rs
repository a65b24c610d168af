//! The way of the clerk's page to cameras and face templates; the box implements it.

use crate::recorder::Refusal;
use crate::source::BoxFuture;

/// Largest picture file, bytes.
pub(crate) const PICTURE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most pictures of one enrollment.
pub(crate) const PICTURES_MAX: usize = 3;

/// A camera before which somebody can be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceCamera {
    /// Lane id.
    pub lane: String,
    /// Whether it sees who comes in.
    pub inward: bool,
    /// What the site calls it.
    pub name: String,
}

/// How it stands with a worker's face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceStanding {
    /// His template.
    pub template: TemplateStanding,
    /// Whether a model tells living faces from pictures at this site.
    pub liveness: bool,
}

/// Whether a worker has a face template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateStanding {
    /// He has none.
    Nothing,
    /// He has one.
    Enrolled,
    /// He has one of an older model: it opens nothing until he is enrolled again.
    OtherModel,
}

/// Where the pictures of an enrollment come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaceSource {
    /// Files, JPEG or PNG.
    Pictures(Vec<Vec<u8>>),
    /// Whoever stands alone before a camera now.
    Camera {
        /// Lane id.
        lane: String,
        /// Whether it sees who comes in.
        inward: bool,
    },
}

/// Makes templates and says who has one.
pub trait FaceDesk: Send + Sync {
    /// The cameras of the site.
    fn cameras(&self) -> Vec<FaceCamera>;

    /// Whether enrolled pictures go into the libraries of face terminals: then other words are
    /// signed.
    fn feeds_terminals(&self) -> bool;

    /// The legal basis on which pictures of doubtful faces are sent to the city, in words; `None`
    /// where nothing is sent: then no words are signed that allow it.
    fn upload_basis(&self) -> Option<&str> {
        None
    }

    /// What a camera of the site sees now, a JPEG file; `None` where no picture comes.
    ///
    /// # Errors
    /// The face program does not answer.
    fn view(&self, lane: String, inward: bool) -> BoxFuture<'_, Result<Option<Vec<u8>>, Refusal>>;

    /// How it stands with a worker's face.
    ///
    /// # Errors
    /// The face program does not answer.
    fn standing(&self, worker: u32) -> BoxFuture<'_, Result<FaceStanding, Refusal>>;

    /// Makes a worker's template in place of the one before. A worker without a consent on record is
    /// refused.
    ///
    /// # Errors
    /// Why not, and what to do.
    fn enroll(&self, worker: u32, source: FaceSource) -> BoxFuture<'_, Result<(), Refusal>>;
}
