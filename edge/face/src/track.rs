//! Where to look first: around the face of the frame before.
//!
//! Finding faces in a whole frame is half of the work on a frame, and somebody who stands before the
//! camera is still there in the next one. So a found face is looked for in its own surroundings for
//! a few frames, and the whole view is looked at again after them, or as soon as it is lost: a second
//! person is noticed half a second later at most.

use crate::quality::Face;

/// Frames in a row that look only around the face of the one before.
const FRAMES_MAX: u8 = 4;
/// How far the surroundings reach beyond the face, in face widths on each side.
const MARGIN: f32 = 0.8;

/// A part of a picture, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Region {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Region {
    /// The surroundings of a face within a picture of so many columns and rows; `None` where
    /// nothing of them is inside.
    pub(crate) fn around(face: &Face, size: (f32, f32)) -> Option<Self> {
        let margin = face.width.max(face.height) * MARGIN;
        let left = (face.left - margin).max(0.0).floor();
        let top = (face.top - margin).max(0.0).floor();
        let right = (face.left + face.width + margin).min(size.0).floor();
        let bottom = (face.top + face.height + margin).min(size.1).floor();
        let (width, height) = (right - left, bottom - top);
        (width >= 1.0 && height >= 1.0).then_some(Self {
            left,
            top,
            width,
            height,
        })
    }

    /// A face found in a copy of this part whose sides are `share` as long, in the whole picture.
    pub(crate) fn outward(&self, face: &Face, share: f32) -> Face {
        face.scaled(1.0 / share).moved(self.left, self.top)
    }
}

/// The face that one camera saw last.
#[derive(Debug, Default)]
pub(crate) struct Track {
    face: Option<Face>,
    frames: u8,
}

impl Track {
    /// The face to look around in this frame; `None` when the whole view is due.
    pub(crate) fn next(&mut self) -> Option<Face> {
        self.frames = self.frames.checked_sub(1)?;
        self.face
    }

    /// A face was found: by a look at the whole view, or around the one before.
    pub(crate) fn found(&mut self, face: Face, whole: bool) {
        if whole {
            self.frames = FRAMES_MAX;
        }
        self.face = Some(face);
    }

    /// Nothing can be made of what is there: the next frame is looked at as a whole.
    pub(crate) fn lost(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAMES_MAX, Region, Track};
    use crate::quality::Face;

    const FACE: Face = Face {
        left: 100.0,
        top: 50.0,
        width: 80.0,
        height: 100.0,
        points: [[120.0, 90.0]; 5],
        score: 0.9,
    };

    #[test]
    fn the_whole_view_comes_again() {
        let mut track = Track::default();
        assert_eq!(track.next(), None);
        track.found(FACE, true);
        for _ in 0..FRAMES_MAX {
            assert_eq!(track.next(), Some(FACE));
            track.found(FACE, false);
        }
        assert_eq!(track.next(), None, "a second person would never be seen");
        track.found(FACE, true);
        track.lost();
        assert_eq!(track.next(), None);
    }

    #[test]
    fn a_region_stays_in_the_picture_and_gives_the_face_back() {
        let region = Region::around(&FACE, (640.0, 200.0)).unwrap();
        assert_eq!(
            (region.left, region.top, region.width, region.height),
            (20.0, 0.0, 240.0, 200.0)
        );
        let inside = FACE.moved(-region.left, -region.top).scaled(0.5);
        assert_eq!(region.outward(&inside, 0.5), FACE);
        assert_eq!(Region::around(&FACE, (10.0, 200.0)), None);
    }
}
