//! From pictures, or from whoever stands before a camera, to the faces of a template.

use drivers_camera::Frame;
use edge_face_protocol::{Enrollment, Picture, Unusable};
use opencv::core::Mat;

use crate::error::FaceError;
use crate::process::clients::ClientId;
use crate::process::liveness::Liveness;
use crate::process::templates::Sat;
use crate::quality::Purpose;
use crate::vision::{Engine, Usable, decode, portrait};

/// Pictures of one enrollment at most.
const PICTURES_MAX: usize = 5;
/// Frames of an enrollment before a camera.
const FRAMES: usize = 3;
/// Pause between two of them, ms: a head moves a little meanwhile.
const FRAME_PAUSE_MS: u64 = 400;

/// The faces of picture files, or the verdict on the first that is of no use.
pub(super) fn faces(
    engine: &mut Engine,
    pictures: &[Picture],
) -> Result<Result<Sat, Enrollment>, FaceError> {
    let mut sat = Sat::default();
    for (picture, file) in pictures.iter().take(PICTURES_MAX).enumerate() {
        let looked = match decode(&file.0) {
            Ok(image) => match engine.look(&image, Purpose::Enroll)? {
                Ok(usable) => Ok((image, usable)),
                Err(why) => Err(why),
            },
            Err(why) => Err(why),
        };
        match looked {
            Ok((image, usable)) => take(&mut sat, &image, usable)?,
            Err(why) => return Ok(Err(Enrollment::Refused { picture, why })),
        }
    }
    Ok(Ok(sat))
}

/// Takes a usable face; of the first one a picture is made.
fn take(sat: &mut Sat, image: &Mat, usable: Usable) -> Result<(), FaceError> {
    if sat.picture.is_none() {
        sat.picture = Some(portrait(image, &usable.face)?);
    }
    sat.template.push(usable.embedding);
    Ok(())
}

/// Somebody stands before a camera to be enrolled.
#[derive(Debug)]
pub(super) struct Sitting {
    pub(super) client: ClientId,
    pub(super) id: u64,
    pub(super) worker: u32,
    pub(super) sat: Sat,
    /// Why the newest frame was of no use.
    why: Unusable,
    /// Frames before it do not count.
    next_ms: u64,
    pub(super) until_ms: u64,
}

impl Sitting {
    /// Begins.
    pub(super) fn new(
        client: ClientId,
        (id, worker): (u64, u32),
        (now_ms, until_ms): (u64, u64),
    ) -> Self {
        Self {
            client,
            id,
            worker,
            sat: Sat::default(),
            why: Unusable::NoFace,
            next_ms: now_ms,
            until_ms,
        }
    }

    /// Takes a frame; true when there are enough.
    pub(super) fn frame(
        &mut self,
        frame: &Frame,
        engine: &mut Engine,
        liveness: &mut Liveness,
    ) -> Result<bool, FaceError> {
        if frame.at_ms < self.next_ms {
            return Ok(false);
        }
        match engine.look(&frame.image, Purpose::Enroll)? {
            Ok(usable) => match liveness.check(frame.at_ms, &usable.prints, 0) {
                Ok(()) => {
                    take(&mut self.sat, &frame.image, usable)?;
                    self.next_ms = frame.at_ms.saturating_add(FRAME_PAUSE_MS);
                }
                Err(why) => self.why = why,
            },
            Err(why) => self.why = why,
        }
        Ok(self.sat.template.len() >= FRAMES)
    }

    /// The verdict when the time is up.
    pub(super) fn too_late(&self) -> Enrollment {
        Enrollment::Refused {
            picture: self.sat.template.len(),
            why: self.why,
        }
    }
}
