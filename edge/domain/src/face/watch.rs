//! A face alone: from a stream of pictures to one credential an appearance.

use std::collections::VecDeque;

use crate::face::face_policy::FacePolicy;
use crate::face::measure::FaceFrame;
use crate::ids::WorkerId;

/// Pictures in a row that name one worker.
#[derive(Debug, Clone, Copy)]
struct Run {
    worker: WorkerId,
    frames: u8,
    since_mono_ms: u64,
}

/// A worker who has presented himself and may still stand there.
#[derive(Debug, Clone, Copy)]
struct Told {
    worker: WorkerId,
    seen_mono_ms: u64,
}

/// People remembered as standing before the camera at most.
const TOLD_MAX: usize = 8;

/// Watches one camera. Give it every usable picture, in order.
#[derive(Debug, Default)]
pub struct FaceWatch {
    run: Option<Run>,
    told: VecDeque<Told>,
}

impl FaceWatch {
    /// Takes a picture; answers with a worker when enough pictures in a row name him and he has
    /// not presented himself in this appearance. `enrolled` is the number of workers compared
    /// with, `mono_ms` never goes back.
    pub fn frame(
        &mut self,
        mono_ms: u64,
        frame: &FaceFrame,
        enrolled: usize,
        policy: &FacePolicy,
    ) -> Option<WorkerId> {
        self.told
            .retain(|one| mono_ms.saturating_sub(one.seen_mono_ms) < policy.away_ms);
        let worker = frame.best.worker;
        // Somebody else may be nearest to him too, and is not him.
        let may_be_him = frame.best.similarity >= policy.other;
        let mut told = self.told.iter_mut();
        if may_be_him && let Some(told) = told.find(|one| one.worker == worker) {
            told.seen_mono_ms = mono_ms;
            self.run = None;
            return None;
        }
        let ahead = frame
            .second
            .is_none_or(|second| frame.best.similarity.above(second) >= policy.margin);
        if !ahead || frame.best.similarity < policy.identify_same(enrolled) {
            self.run = None;
            return None;
        }
        let begun = self.run.filter(|run| {
            run.worker == worker
                && mono_ms.saturating_sub(run.since_mono_ms) <= policy.identify_ms_max
        });
        let (frames, since_mono_ms) =
            begun.map_or((0, mono_ms), |run| (run.frames, run.since_mono_ms));
        let frames = frames.saturating_add(1);
        if frames < policy.identify_frames {
            self.run = Some(Run {
                worker,
                frames,
                since_mono_ms,
            });
            return None;
        }
        self.run = None;
        if self.told.len() >= TOLD_MAX {
            self.told.pop_front();
        }
        self.told.push_back(Told {
            worker,
            seen_mono_ms: mono_ms,
        });
        Some(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::measure::{FaceMatch, Similarity};

    const ENROLLED: usize = 10;

    fn frame(worker: u32, best: i16, second: Option<i16>) -> FaceFrame {
        FaceFrame {
            best: FaceMatch {
                worker: WorkerId(worker),
                similarity: Similarity::new(best),
            },
            second: second.map(Similarity::new),
        }
    }

    fn told(frames: &[(u64, FaceFrame)]) -> Vec<u64> {
        let mut watch = FaceWatch::default();
        let policy = FacePolicy::default();
        frames
            .iter()
            .filter(|(at, frame)| watch.frame(*at, frame, ENROLLED, &policy).is_some())
            .map(|(at, _)| *at)
            .collect()
    }

    #[test]
    fn three_agreeing_pictures_name_a_worker() {
        let good = frame(1, 5_000, Some(4_000));
        assert_eq!(told(&[(0, good), (100, good)]), []);
        assert_eq!(told(&[(0, good), (100, good), (200, good)]), [200]);
        assert_eq!(told(&[(0, good), (1_000, good), (2_001, good)]), []);
    }

    #[test]
    fn a_picture_that_disagrees_begins_anew() {
        let good = frame(1, 8_000, Some(1_000));
        for bad in [
            frame(2, 8_000, Some(1_000)),
            frame(1, 4_999, None),
            frame(1, 8_000, Some(7_001)),
        ] {
            let mixed = [good, good, bad, good, good];
            let timed: Vec<_> = (0_u64..).step_by(100).zip(mixed).collect();
            assert_eq!(told(&timed), [], "{bad:?}");
        }
        let lone = frame(1, 8_000, None);
        assert_eq!(told(&[(0, lone), (1, lone), (2, lone)]), [2]);
    }

    #[test]
    fn a_stranger_in_between_does_not_count_as_staying() {
        let (good, stranger) = (frame(1, 8_000, Some(1_000)), frame(1, 2_499, Some(1_000)));
        let mut timed: Vec<_> = [0, 100, 200].map(|at| (at, good)).to_vec();
        timed.extend((3..35).map(|at| (at * 100, stranger)));
        timed.extend([3_500, 3_600, 3_700].map(|at| (at, good)));
        assert_eq!(told(&timed), [200, 3_700]);
    }

    #[test]
    fn who_stays_presents_himself_once() {
        let good = frame(1, 8_000, Some(1_000));
        let poor = frame(1, 3_000, Some(1_000));
        let mut timed: Vec<_> = (0_u64..50).map(|at| (at * 100, good)).collect();
        timed.extend((50..80).map(|at| (at * 100, poor)));
        timed.extend((80..90).map(|at| (at * 100, good)));
        assert_eq!(told(&timed), [200]);
        timed.extend((0..3).map(|at| (8_900 + 3_000 + at * 100, good)));
        assert_eq!(told(&timed), [200, 12_100]);
    }
}
