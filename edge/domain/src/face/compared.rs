//! One card holder against his own templates: the three outcomes of the admission table, and the
//! two in which there is nothing to hold against him.

use crate::face::face_policy::FacePolicy;
use crate::face::measure::Similarity;

/// What a camera has to say about the holder of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaceEvidence {
    /// No template of this worker: no consent, not enrolled yet, or of another model.
    NotEnrolled,
    /// Similarities of the usable pictures, oldest first; none when no face was usable, or when
    /// the camera does not work. At most the newest [`FaceEvidence::FRAMES_MAX`] count.
    Seen(Vec<Similarity>),
}

impl FaceEvidence {
    /// Pictures that count for one presentation.
    pub const FRAMES_MAX: usize = 8;
}

/// What comparing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaceFinding {
    /// The same person.
    Same,
    /// Nothing to compare with: as at a lane without a camera.
    NotEnrolled,
    /// No usable face.
    NoFace,
    /// Neither the same nor another person for certain.
    Uncertain,
    /// Good pictures of another person.
    Other,
}

/// Compares the pictures with the policy's bounds.
///
/// Only agreeing pictures make a certain answer: enough at or above `same` and none below
/// `other`, or enough below `other` and none above it.
pub fn compare(evidence: &FaceEvidence, policy: &FacePolicy) -> FaceFinding {
    let seen = match evidence {
        FaceEvidence::NotEnrolled => return FaceFinding::NotEnrolled,
        FaceEvidence::Seen(seen) => seen,
    };
    let newest = || seen.iter().rev().take(FaceEvidence::FRAMES_MAX);
    let needed = usize::from(policy.compare_frames.max(1));
    let same = newest().filter(|one| **one >= policy.same).count();
    let other = newest().filter(|one| **one < policy.other).count();
    if newest().next().is_none() {
        FaceFinding::NoFace
    } else if same >= needed && other == 0 {
        FaceFinding::Same
    } else if other >= needed && other == newest().count() {
        FaceFinding::Other
    } else {
        FaceFinding::Uncertain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(ten_thousandths: &[i16]) -> FaceFinding {
        let seen = ten_thousandths.iter().copied().map(Similarity::new);
        compare(&FaceEvidence::Seen(seen.collect()), &FacePolicy::default())
    }

    #[test]
    fn only_agreeing_pictures_make_a_certain_answer() {
        for (seen, expected) in [
            (&[][..], FaceFinding::NoFace),
            (&[4_000, 4_000], FaceFinding::Same),
            (&[4_000, 3_999, 9_000], FaceFinding::Same),
            (&[4_000], FaceFinding::Uncertain),
            (&[3_999, 3_999], FaceFinding::Uncertain),
            (&[2_499, 2_499], FaceFinding::Other),
            (&[2_499], FaceFinding::Uncertain),
            (&[2_499, 2_499, 2_500], FaceFinding::Uncertain),
            (&[7_000, 7_000, 1_000], FaceFinding::Uncertain),
        ] {
            assert_eq!(finding(seen), expected, "{seen:?}");
        }
        assert_eq!(
            compare(&FaceEvidence::NotEnrolled, &FacePolicy::default()),
            FaceFinding::NotEnrolled
        );
    }

    #[test]
    fn old_pictures_do_not_count() {
        let mut seen = vec![500; 3];
        seen.extend([8_000; FaceEvidence::FRAMES_MAX]);
        assert_eq!(finding(&seen), FaceFinding::Same);
        seen.push(500);
        assert_eq!(finding(&seen), FaceFinding::Uncertain);
    }
}
