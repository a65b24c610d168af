//! The very same picture must not come twice.
//!
//! A camera's noise makes every frame of a living person another one. Bytes that come again are a
//! camera that hangs, a still that is fed in, or a recording that is played again. A printed
//! picture or a phone held before a real camera is noise too, and passes here.

use std::collections::{BTreeSet, VecDeque};

/// Faces remembered: a minute of the fastest camera that is looked at.
const REMEMBERED_MAX: usize = 4_096;

/// Fingerprints of the faces seen by one camera.
#[derive(Debug, Default)]
pub(crate) struct Freshness {
    seen: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Freshness {
    /// Remembers a face; false if it was there before.
    pub(crate) fn is_new(&mut self, fingerprint: u64) -> bool {
        if !self.seen.insert(fingerprint) {
            return false;
        }
        self.order.push_back(fingerprint);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, REMEMBERED_MAX};

    #[test]
    fn a_picture_counts_once_while_it_is_remembered() {
        let mut freshness = Freshness::default();
        let remembered = u64::try_from(REMEMBERED_MAX).unwrap();
        assert!((0..remembered).all(|one| freshness.is_new(one)));
        assert!(!freshness.is_new(0) && !freshness.is_new(remembered - 1));
        assert!(freshness.is_new(remembered));
        assert!(freshness.is_new(0), "the oldest is forgotten");
        assert_eq!(freshness.seen.len(), REMEMBERED_MAX);
    }
}
