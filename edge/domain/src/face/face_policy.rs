//! The numbers that decide about faces.

use crate::face::measure::Similarity;

/// What an entry does when a card was presented and the camera saw no usable face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFace {
    /// Opens, flagged 未比对.
    Open,
    /// Stays closed until a guard has looked.
    AskGuard,
}

/// How alike a lone face must be where so many people may pass by face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentifyRow {
    /// Largest number of enrolled workers that the row is for.
    pub enrolled_max: usize,
    /// From here on it is the worker.
    pub same: Similarity,
}

/// The numbers that decide about faces.
///
/// The defaults are for the `SFace` model and rest on two small sets of press pictures without
/// helmets, masks or dust (10 people with 450 genuine and 4,500 impostor pairs, and 300 further
/// pairs): a site measures its own (`menwei-face report`) and sets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacePolicy {
    /// Card and face: from here on they are one person. 0.40: of the pairs measured 0 of 4,762
    /// impostors and 487 of 488 genuine ones were above.
    pub same: Similarity,
    /// Card and face: below it they are two. 0.25: 95 % of the impostors measured were below
    /// 0.253, and the lowest genuine pair had 0.383. Between the two it stays uncertain.
    pub other: Similarity,
    /// Card and face: so many pictures must agree, 1 to 8.
    pub compare_frames: u8,
    /// A face alone: rows by number of enrolled workers, smallest first; beyond the last row the
    /// last row holds. One chance among N needs a stricter bound than one pair: 0.50, 0.55 and
    /// 0.60 keep N strangers' chances near 2 in 10,000 where impostors are spread as a normal
    /// curve (mean 0.115, deviation 0.085), which is an assumption beyond 4,500 pairs.
    pub identify: Vec<IdentifyRow>,
    /// A face alone: the best worker must be ahead of the second by so many ten-thousandths.
    pub margin: u16,
    /// A face alone: so many pictures in a row must name the same worker, 1 to 8.
    pub identify_frames: u8,
    /// A face alone: they must come within this time, ms.
    pub identify_ms_max: u64,
    /// A face alone: who stays before the camera presents himself once; he must have been away
    /// for this time to present himself again, ms.
    pub away_ms: u64,
    /// Longest wait for the camera after a card, ms, 100 to 3,000.
    pub look_ms: u64,
    /// Longest wait of the one further try, ms, 100 to 5,000.
    pub second_look_ms: u64,
    /// Card, camera, and no usable face.
    pub no_face: NoFace,
    /// How long pictures of doubtful and mismatched faces are kept, days, 0 (never) to 30: the
    /// words that workers sign (`edge/web/src/books/consent_words.rs`) promise no longer.
    pub picture_days: u16,
    /// From so many mismatches of one worker's card in a day on, the record carries an alert.
    pub mismatches_alert: u32,
}

impl Default for FacePolicy {
    fn default() -> Self {
        let row = |enrolled_max, ten_thousandths| IdentifyRow {
            enrolled_max,
            same: Similarity::new(ten_thousandths),
        };
        Self {
            same: Similarity::new(4_000),
            other: Similarity::new(2_500),
            compare_frames: 2,
            identify: vec![row(50, 5_000), row(1_000, 5_500), row(1_000_000, 6_000)],
            margin: 1_000,
            identify_frames: 3,
            identify_ms_max: 2_000,
            away_ms: 3_000,
            look_ms: 1_500,
            second_look_ms: 2_500,
            no_face: NoFace::Open,
            picture_days: 30,
            mismatches_alert: 3,
        }
    }
}

impl FacePolicy {
    /// How alike a lone face must be among so many enrolled workers. Without a row nothing is
    /// alike enough.
    pub fn identify_same(&self, enrolled: usize) -> Similarity {
        self.identify
            .iter()
            .find(|row| enrolled <= row.enrolled_max)
            .or(self.identify.last())
            .map_or(Similarity::new(i16::MAX), |row| row.same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_grows_with_the_number_of_people() {
        let policy = FacePolicy::default();
        for (enrolled, ten_thousandths) in [
            (1, 5_000),
            (50, 5_000),
            (51, 5_500),
            (1_000, 5_500),
            (20_000, 6_000),
        ] {
            assert_eq!(
                policy.identify_same(enrolled),
                Similarity::new(ten_thousandths),
                "{enrolled}"
            );
        }
        let short = FacePolicy {
            identify: policy.identify.iter().take(1).copied().collect(),
            ..policy
        };
        assert_eq!(short.identify_same(9_999), Similarity::new(5_000));
    }
}
