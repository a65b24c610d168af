//! Everybody's templates in memory, and who is nearest.

use std::collections::BTreeMap;

use pulp::{Arch, Simd, WithSimd};
use zeroize::Zeroize;

use crate::embedding::{DIMENSIONS, Embedding};

/// Sums kept side by side: enough for the processor to begin the next product before the last one is
/// done.
const SUMS: usize = 4;

/// The nearest worker and the nearest other one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Nearest {
    pub(crate) worker: u32,
    pub(crate) similarity: f32,
    pub(crate) second: Option<f32>,
}

/// Templates of one model: one worker may have several embeddings.
#[derive(Debug, Default)]
pub(crate) struct Gallery {
    templates: BTreeMap<u32, Vec<Embedding>>,
    /// All embeddings one after the other and nothing between them, so that a search reads memory
    /// straight on.
    rows: Vec<[f32; DIMENSIONS]>,
    /// Whose each row is.
    owners: Vec<u32>,
    /// The vector instructions that this processor has, looked up once.
    arch: Arch,
}

impl Gallery {
    /// Puts a worker's template in place of the one before.
    pub(crate) fn put(&mut self, worker: u32, template: Vec<Embedding>) {
        self.remove(worker);
        self.rows.extend(template.iter().map(|one| *one.numbers()));
        self.owners.resize(self.rows.len(), worker);
        self.templates.insert(worker, template);
    }

    /// Forgets a worker.
    pub(crate) fn remove(&mut self, worker: u32) {
        if self.templates.remove(&worker).is_none() {
            return;
        }
        while let Some(place) = self.owners.iter().position(|owner| *owner == worker) {
            self.owners.swap_remove(place);
            self.rows.swap(place, self.owners.len());
            self.rows.last_mut().into_iter().for_each(Zeroize::zeroize);
            self.rows.pop();
        }
    }

    /// Who is enrolled.
    pub(crate) fn workers(&self) -> Vec<u32> {
        self.templates.keys().copied().collect()
    }

    /// Whether a worker is enrolled.
    pub(crate) fn has(&self, worker: u32) -> bool {
        self.templates.contains_key(&worker)
    }

    /// How many workers are enrolled.
    pub(crate) fn len(&self) -> usize {
        self.templates.len()
    }

    /// Similarity with one worker: the best of his embeddings. `None` without a template.
    pub(crate) fn compare(&self, worker: u32, face: &Embedding) -> Option<f32> {
        let template = self.templates.get(&worker)?;
        let similarities = template.iter().map(|one| one.similarity(face));
        similarities.max_by(f32::total_cmp)
    }

    /// The nearest worker of all; `None` when nobody is enrolled.
    pub(crate) fn nearest(&self, face: &Embedding) -> Option<Nearest> {
        self.arch.dispatch(Search {
            gallery: self,
            face: face.numbers(),
        })
    }
}

/// One face against all rows.
struct Search<'a> {
    gallery: &'a Gallery,
    face: &'a [f32; DIMENSIONS],
}

impl WithSimd for Search<'_> {
    type Output = Option<Nearest>;

    #[expect(
        clippy::inline_always,
        reason = "only code that stands inside the dispatching function is compiled for its processor"
    )]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<Nearest> {
        let face = S::as_simd_f32s(self.face).0.as_chunks::<SUMS>().0;
        let mut best: Option<(u32, f32)> = None;
        let mut second: Option<f32> = None;
        for (worker, row) in self.gallery.owners.iter().zip(&self.gallery.rows) {
            let row = S::as_simd_f32s(row).0.as_chunks::<SUMS>().0;
            let mut sums = [simd.splat_f32s(0.0); SUMS];
            for (row, face) in row.iter().zip(face) {
                for ((sum, row), face) in sums.iter_mut().zip(row).zip(face) {
                    *sum = simd.add_f32s(simd.mul_f32s(*row, *face), *sum);
                }
            }
            let [a, b, c, d] = sums;
            let sum = simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d));
            let similarity = simd.reduce_sum_f32s(sum);
            match best {
                Some((leader, highest)) if similarity <= highest => {
                    if leader != *worker && second.is_none_or(|second| similarity > second) {
                        second = Some(similarity);
                    }
                }
                before => {
                    let overtaken = before.filter(|(leader, _)| leader != worker);
                    second = overtaken.map(|(_, highest)| highest).or(second);
                    best = Some((*worker, similarity));
                }
            }
        }
        best.map(|(worker, similarity)| Nearest {
            worker,
            similarity,
            second,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Gallery;
    use crate::embedding::tests::face;
    use crate::embedding::{DIMENSIONS, Embedding};

    #[test]
    fn second_is_always_another_worker() {
        let probe = face(0, 1, 0.0);
        let template = |share| face(0, 1, share);
        // Every order in which rows may lie.
        for order in [[1, 2, 3], [3, 2, 1], [2, 1, 3], [2, 3, 1]] {
            let mut gallery = Gallery::default();
            for worker in order {
                let rows = match worker {
                    1 => vec![template(0.1), template(0.2)],
                    2 => vec![template(0.6)],
                    _ => vec![template(2.0), template(0.9)],
                };
                gallery.put(worker, rows);
            }
            let nearest = gallery.nearest(&probe).unwrap();
            assert_eq!(nearest.worker, 1, "{order:?}");
            let second = nearest.second.unwrap();
            assert!(
                (second - template(0.6).similarity(&probe)).abs() < 1e-6,
                "{order:?}"
            );
        }
    }

    #[test]
    fn nobody_is_nearest_to_nobody_and_one_has_no_second() {
        let mut gallery = Gallery::default();
        assert!(gallery.nearest(&face(0, 1, 0.0)).is_none());
        gallery.put(7, vec![face(0, 1, 0.0), face(0, 1, 0.3)]);
        let nearest = gallery.nearest(&face(0, 1, 0.1)).unwrap();
        assert_eq!((nearest.worker, nearest.second), (7, None));
        gallery.put(7, vec![face(5, 6, 0.0)]);
        assert!(
            gallery.compare(7, &face(0, 1, 0.0)).unwrap().abs() < 1e-6,
            "replaced"
        );
        gallery.remove(7);
        assert!(gallery.compare(7, &face(5, 6, 0.0)).is_none());
        assert!(gallery.nearest(&face(5, 6, 0.0)).is_none());
        assert_eq!(gallery.len(), 0);
    }

    /// Against the plain sum: what the processor's vectors give is the cosine too, whatever
    /// order rows are taken out in.
    #[test]
    fn vectors_and_plain_sums_agree() {
        let mut state = 7_u32;
        let mut number = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 65_536.0 - 0.5
        };
        let mut gallery = Gallery::default();
        for worker in 1..=300 {
            let rows = (0..=worker % 3).map(|_| {
                let numbers: Vec<f32> = (0..DIMENSIONS).map(|_| number()).collect();
                Embedding::new(&numbers).unwrap()
            });
            gallery.put(worker, rows.collect());
        }
        for worker in (1..=300).step_by(7) {
            gallery.remove(worker);
        }
        let probe: Vec<f32> = (0..DIMENSIONS).map(|_| number()).collect();
        let probe = Embedding::new(&probe).unwrap();
        let mut plain: Vec<(f32, u32)> = gallery
            .workers()
            .into_iter()
            .map(|worker| (gallery.compare(worker, &probe).unwrap(), worker))
            .collect();
        plain.sort_by(|a, b| b.0.total_cmp(&a.0));
        let nearest = gallery.nearest(&probe).unwrap();
        assert_eq!(nearest.worker, plain[0].1);
        assert!((nearest.similarity - plain[0].0).abs() < 1e-5);
        assert!((nearest.second.unwrap() - plain[1].0).abs() < 1e-5);
    }
}
