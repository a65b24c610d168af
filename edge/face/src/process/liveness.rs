//! What tells a living person from a picture without a model.
//!
//! Three rules. The very same picture never counts twice (`freshness`): a camera that hangs, a still
//! that is fed in, a recording that is played again. Whoever is there moves: a frame counts only if
//! the picture has changed a little where the face is since the last one that counted, which a print
//! on a stand does not, whatever the sensor's noise. And one face is one person: a face that was nearest to too many workers within a short time is
//! nobody's. A picture or a telephone held by a hand passes all three.

use std::collections::{BTreeSet, VecDeque};

use edge_face_protocol::Unusable;

use crate::embedding::Embedding;
use crate::process::freshness::Freshness;
use crate::vision::{Prints, Tile};

/// A face that nobody has seen for so long is a new one, ms.
const GONE_MS: u64 = 3_000;
/// One face is followed through its names for so long, ms.
const NAMES_MS: u64 = 20_000;
/// With so many names it is nobody's.
const NAMES_MAX: usize = 6;
/// A template this near counts as a name, and faces this near are one: no impostor measured is nearer
/// than 0.40.
const NEAR: f32 = 0.45;
/// Frames remembered for it: those of [`NAMES_MS`] at thirteen a second.
const NAMED_MAX: usize = 256;

/// Tiles that two frames must have in common to be compared.
const COMMON_MIN: usize = 4;

/// What the last frame that counted showed.
#[derive(Debug)]
struct Anchor {
    tiles: Vec<Tile>,
    seen_ms: u64,
}

#[derive(Debug)]
struct Named {
    at_ms: u64,
    worker: u32,
    face: Embedding,
}

/// What one camera has seen.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    freshness: Freshness,
    anchor: Option<Anchor>,
    named: VecDeque<Named>,
}

impl Liveness {
    /// Whether a usable frame counts; below a change of `still_max` tenths of a gray level on average
    /// it shows what the last one showed.
    ///
    /// # Errors
    /// It may be a picture.
    pub(crate) fn check(
        &mut self,
        now_ms: u64,
        prints: &Prints,
        still_max: u16,
    ) -> Result<(), Unusable> {
        if self.freshness.is_new(prints) && self.moves(now_ms, &prints.tiles, still_max) {
            Ok(())
        } else {
            Err(Unusable::NotAlive)
        }
    }

    fn moves(&mut self, now_ms: u64, tiles: &[Tile], still_max: u16) -> bool {
        let least = f32::from(still_max) / 10.0;
        if let Some(before) = &mut self.anchor
            && now_ms.saturating_sub(before.seen_ms) < GONE_MS
            && change(&before.tiles, tiles).is_some_and(|change| change < least)
        {
            before.seen_ms = now_ms;
            return false;
        }
        self.anchor = Some(Anchor {
            tiles: tiles.to_vec(),
            seen_ms: now_ms,
        });
        true
    }

    /// The face was nearest to this worker; false when it has gone by too many names.
    pub(crate) fn is_one_person(
        &mut self,
        now_ms: u64,
        (worker, similarity): (u32, f32),
        face: &Embedding,
    ) -> bool {
        self.named
            .retain(|one| now_ms.saturating_sub(one.at_ms) < NAMES_MS);
        if similarity < NEAR {
            return true;
        }
        if self.named.len() >= NAMED_MAX {
            self.named.pop_front();
        }
        self.named.push_back(Named {
            at_ms: now_ms,
            worker,
            face: face.clone(),
        });
        let same = self
            .named
            .iter()
            .filter(|one| one.face.similarity(face) >= NEAR);
        let names: BTreeSet<u32> = same.map(|one| one.worker).collect();
        names.len() < NAMES_MAX
    }
}

/// By how many gray levels tiles have changed on average, beyond what all of them have; `None` where
/// too few are in both.
fn change(before: &[Tile], now: &[Tile]) -> Option<f32> {
    let changes: Vec<f32> = now
        .iter()
        .filter_map(|tile| {
            let same = |other: &&Tile| (other.column, other.row) == (tile.column, tile.row);
            Some(tile.mean - before.iter().find(same)?.mean)
        })
        .collect();
    if changes.len() < COMMON_MIN {
        return None;
    }
    let count = f32::from(u16::try_from(changes.len()).ok()?);
    let light = changes.iter().sum::<f32>() / count;
    let beyond: f32 = changes.iter().map(|one| (one - light).abs()).sum();
    Some(beyond / count)
}

#[cfg(test)]
mod tests {
    use super::Liveness;
    use crate::embedding::{DIMENSIONS, Embedding};
    use crate::vision::Tile;

    /// A face of 5 x 5 tiles; `aside` blends each with its neighbor, as a face does that moves.
    fn view(aside: f32, noise: f32, light: f32) -> Vec<Tile> {
        let gray = |column: i32, row: i32| -> f32 {
            f32::from(u8::try_from((column * 53 + row * 91) % 160 + 40).unwrap())
        };
        let mut tiles = Vec::new();
        for row in 4..9 {
            for column in 10..15 {
                let shake = if (row + column) % 2 == 0 {
                    noise
                } else {
                    -noise
                };
                let mean = gray(column, row) * (1.0 - aside) + gray(column + 1, row) * aside;
                tiles.push(Tile {
                    column,
                    row,
                    mean: mean + shake + light,
                });
            }
        }
        tiles
    }

    #[test]
    fn a_print_on_a_stand_counts_once_however_long_it_stands() {
        let mut liveness = Liveness::default();
        assert!(liveness.moves(0, &view(0.0, 0.0, 0.0), 8));
        for step in 1_u16..200 {
            let (noise, light) = (f32::from(step % 3) * 0.15, f32::from(step % 7));
            let now_ms = u64::from(step) * 200;
            assert!(
                !liveness.moves(now_ms, &view(0.0, noise, light), 8),
                "{now_ms}"
            );
        }
        assert!(
            liveness.moves(60_000, &view(0.0, 0.0, 0.0), 8),
            "gone, and back"
        );
    }

    #[test]
    fn who_moves_by_a_pixel_counts() {
        let mut liveness = Liveness::default();
        // A tile has 24 columns.
        for (now_ms, pixels) in [(0, 0.0), (100, 1.0), (200, 2.0), (300, 1.0)] {
            assert!(
                liveness.moves(now_ms, &view(pixels / 24.0, 0.2, 0.0), 8),
                "{now_ms}"
            );
        }
        assert!(!liveness.moves(400, &view(1.0 / 24.0, 0.0, 0.0), 8));
        let mut elsewhere = view(0.0, 0.0, 0.0);
        for tile in &mut elsewhere {
            tile.column += 4;
        }
        assert!(liveness.moves(500, &elsewhere, 8));
        let mut off = Liveness::default();
        for now_ms in [0, 100] {
            assert!(
                off.moves(now_ms, &view(0.0, 0.0, 0.0), 0),
                "0 switches it off"
            );
        }
    }

    /// A face between six others, as an attacker would search for it: near to each of them.
    #[test]
    fn one_face_is_not_six_people_and_six_people_are() {
        let person = |axis: usize| {
            let mut numbers = [0.0; DIMENSIONS];
            numbers[axis] = 1.0;
            Embedding::new(&numbers).unwrap()
        };
        let mut rush = Liveness::default();
        for worker in 0_u32..12 {
            let face = person(usize::try_from(worker).unwrap());
            let now_ms = u64::from(worker) * 1_000;
            assert!(rush.is_one_person(now_ms, (worker, 0.9), &face), "{worker}");
        }
        let everybody = Embedding::new(&[1.0; DIMENSIONS]).unwrap();
        let mut changeling = Liveness::default();
        for worker in 0..5 {
            assert!(changeling.is_one_person(100, (worker, 0.6), &everybody));
        }
        assert!(
            changeling.is_one_person(100, (9, 0.3), &everybody),
            "far from him"
        );
        assert!(!changeling.is_one_person(100, (5, 0.6), &everybody));
        assert!(!changeling.is_one_person(200, (0, 0.6), &everybody));
        assert!(
            changeling.is_one_person(20_200, (0, 0.6), &everybody),
            "long ago"
        );
    }
}
