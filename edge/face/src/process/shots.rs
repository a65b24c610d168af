//! The newest face of each question, for as long as the gate may want its picture.
//!
//! They stay in memory only: a picture is made when it is asked for, and most never are.

use std::collections::VecDeque;

use edge_face_protocol::SHOT_MS_MAX;
use opencv::core::Mat;
use opencv::prelude::*;

use crate::error::FaceError;
use crate::process::clients::ClientId;
use crate::quality::Face;
use crate::vision::portrait;

/// Questions that are remembered at most: frames are large.
const SHOTS_MAX: usize = 6;

/// A question of a connection.
pub(super) type Asked = (ClientId, u64);

#[derive(Debug)]
struct Shot {
    asked: Asked,
    at_ms: u64,
    image: Mat,
    face: Face,
}

/// The newest face of each of the latest questions.
#[derive(Debug, Default)]
pub(super) struct Shots {
    shots: VecDeque<Shot>,
}

impl Shots {
    /// A usable face for a question, in the frame in which it was found.
    ///
    /// # Errors
    /// `OpenCV` fails.
    pub(super) fn put(
        &mut self,
        asked: Asked,
        at_ms: u64,
        (image, face): (&Mat, Face),
    ) -> Result<(), FaceError> {
        let image = image.try_clone()?;
        self.shots.retain(|shot| shot.asked != asked);
        self.shots.push_back(Shot {
            asked,
            at_ms,
            image,
            face,
        });
        if self.shots.len() > SHOTS_MAX {
            self.shots.pop_front();
        }
        Ok(())
    }

    /// Forgets those that nobody may ask for any more.
    pub(super) fn forget(&mut self, now_ms: u64) {
        self.shots
            .retain(|shot| now_ms.saturating_sub(shot.at_ms) <= SHOT_MS_MAX);
    }

    /// The picture of the first of these questions that has one.
    ///
    /// # Errors
    /// `OpenCV` fails.
    pub(super) fn picture(
        &self,
        client: ClientId,
        of: &[u64],
    ) -> Result<Option<Vec<u8>>, FaceError> {
        let found = of.iter().find_map(|id| {
            let mut shots = self.shots.iter();
            shots.find(|shot| shot.asked == (client, *id))
        });
        found
            .map(|shot| portrait(&shot.image, &shot.face))
            .transpose()
    }
}
