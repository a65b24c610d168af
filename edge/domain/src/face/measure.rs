//! How alike two faces are, and what one picture says.

use crate::ids::WorkerId;

/// Cosine of the angle between two face templates, in ten-thousandths: -10,000 to 10,000. Equal
/// faces come near 10,000, strangers near 1,000. An integer, so that a rule gives the same answer
/// everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Similarity(i16);

impl Similarity {
    /// Ten-thousandths; what lies beyond the ends is held there.
    pub const fn new(ten_thousandths: i16) -> Self {
        Self(match ten_thousandths {
            ..-10_000 => -10_000,
            10_001.. => 10_000,
            within => within,
        })
    }

    /// Ten-thousandths.
    pub const fn ten_thousandths(self) -> i16 {
        self.0
    }

    /// By how much it is above another one, in ten-thousandths, 0 to 20,000.
    pub fn above(self, other: Self) -> u16 {
        let distance = i32::from(self.0) - i32::from(other.0);
        u16::try_from(distance).unwrap_or(0)
    }
}

/// The template nearest to a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceMatch {
    /// Whose template.
    pub worker: WorkerId,
    /// How alike.
    pub similarity: Similarity,
}

/// One usable picture against the templates of everybody who may pass by face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceFrame {
    /// The nearest worker.
    pub best: FaceMatch,
    /// The nearest template of any other worker; `None` when there is no other.
    pub second: Option<Similarity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_stays_within_a_cosine() {
        assert_eq!(Similarity::new(i16::MAX).ten_thousandths(), 10_000);
        assert_eq!(Similarity::new(i16::MIN).ten_thousandths(), -10_000);
        assert_eq!(Similarity::new(-10_000).above(Similarity::new(10_000)), 0);
        assert_eq!(
            Similarity::new(10_000).above(Similarity::new(-10_000)),
            20_000
        );
    }
}
