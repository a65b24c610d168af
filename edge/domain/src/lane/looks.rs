//! Card holders before the camera, until it answers or their time is up.

use crate::credential::Credential;
use crate::face::FaceFinding;
use crate::ids::{Direction, LookId, PersonTag, WorkerId};
use crate::lane::messages::Camera;
use crate::lane::repeats::PersonKey;

/// A presentation that waits for the camera.
#[derive(Debug)]
pub(super) struct Looking {
    pub(super) look: LookId,
    pub(super) direction: Direction,
    pub(super) credential: Credential,
    pub(super) person_tag: Option<PersonTag>,
    pub(super) key: PersonKey,
    pub(super) worker: WorkerId,
    /// Whether this is the one further try.
    pub(super) again: bool,
    pub(super) until_mono_ms: u64,
}

impl Looking {
    /// What holds when nothing more is seen. The further try began with an uncertain face, and
    /// turning away does not make that better.
    pub(super) fn unanswered(&self) -> FaceFinding {
        if self.again {
            FaceFinding::Uncertain
        } else {
            FaceFinding::NoFace
        }
    }
}

/// People before one lane's cameras at most; one more is served as if the camera saw no face.
const LOOKS_MAX: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Looks {
    inward: Camera,
    outward: Camera,
    last: u64,
    looking: Vec<Looking>,
}

impl Looks {
    pub(super) fn camera(&self, direction: Direction) -> Camera {
        match direction {
            Direction::In => self.inward,
            Direction::Out => self.outward,
        }
    }

    pub(super) fn set_camera(&mut self, direction: Direction, camera: Camera) {
        match direction {
            Direction::In => self.inward = camera,
            Direction::Out => self.outward = camera,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.looking.len() < LOOKS_MAX
    }

    pub(super) fn next_look(&mut self) -> LookId {
        self.last = self.last.saturating_add(1);
        LookId(self.last)
    }

    pub(super) fn begin(&mut self, looking: Looking) {
        self.looking.push(looking);
    }

    pub(super) fn find(&self, key: &PersonKey, direction: Direction) -> Option<&Looking> {
        self.looking
            .iter()
            .find(|one| one.key == *key && one.direction == direction)
    }

    pub(super) fn take(&mut self, look: LookId) -> Option<Looking> {
        let at = self.looking.iter().position(|one| one.look == look)?;
        Some(self.looking.remove(at))
    }

    /// One whose time is up, or whose camera has gone.
    pub(super) fn take_over(&mut self, now_mono_ms: u64) -> Option<Looking> {
        let at = self.looking.iter().position(|one| {
            one.until_mono_ms <= now_mono_ms || self.camera(one.direction) != Camera::Up
        })?;
        Some(self.looking.remove(at))
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.looking.iter().map(|one| one.until_mono_ms).min()
    }
}
