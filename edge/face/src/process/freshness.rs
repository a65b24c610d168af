//! The very same picture must not come twice.
//!
//! A camera's noise makes every frame of a living person another one. Bytes that come again are a
//! camera that hangs, a still that is fed in, or a recording that is played again. A printed
//! picture or a phone held before a real camera is noise too, and passes here.

use std::collections::{BTreeSet, VecDeque};

use crate::vision::Prints;

/// Tiles remembered: those of some thousand frames, minutes of a camera that is looked at often.
const REMEMBERED_MAX: usize = 131_072;

/// The tiles of the faces that one camera has shown.
#[derive(Debug, Default)]
pub(crate) struct Freshness {
    seen: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Freshness {
    /// Remembers a face; false if every tile inside it was there before.
    pub(crate) fn is_new(&mut self, prints: &Prints) -> bool {
        let mut inside = prints.inside.iter();
        let new = inside.any(|tile| !self.seen.contains(tile));
        for tile in &prints.around {
            if self.seen.insert(*tile) {
                self.order.push_back(*tile);
            }
        }
        while self.order.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, REMEMBERED_MAX};
    use crate::vision::Prints;

    fn face(inside: &[u64], around: &[u64]) -> Prints {
        Prints {
            inside: inside.to_vec(),
            around: [inside, around].concat(),
            tiles: Vec::new(),
        }
    }

    #[test]
    fn a_face_counts_once_wherever_its_edge_was_found() {
        let mut freshness = Freshness::default();
        assert!(freshness.is_new(&face(&[1, 2], &[3, 4])));
        assert!(!freshness.is_new(&face(&[1, 2], &[3, 4])));
        assert!(
            !freshness.is_new(&face(&[2, 3], &[5])),
            "found a little aside"
        );
        assert!(freshness.is_new(&face(&[1, 9], &[3])), "one tile has moved");
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut freshness = Freshness::default();
        let remembered = u64::try_from(REMEMBERED_MAX).unwrap();
        assert!((0..remembered).all(|one| freshness.is_new(&face(&[one], &[]))));
        assert!(!freshness.is_new(&face(&[0], &[])));
        assert!(freshness.is_new(&face(&[remembered], &[])));
        assert!(
            freshness.is_new(&face(&[0], &[])),
            "the oldest is forgotten"
        );
        assert_eq!(freshness.seen.len(), REMEMBERED_MAX);
    }
}
