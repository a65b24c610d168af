//! Everybody's templates in memory, and who is nearest.

use std::collections::BTreeMap;

use crate::embedding::{DIMENSIONS, Embedding, dot};

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
    /// All embeddings one after the other, so that a search reads memory straight on.
    rows: Vec<(u32, [f32; DIMENSIONS])>,
}

impl Gallery {
    /// Puts a worker's template in place of the one before.
    pub(crate) fn put(&mut self, worker: u32, template: Vec<Embedding>) {
        self.remove(worker);
        let rows = template.iter().map(|one| (worker, *one.numbers()));
        self.rows.extend(rows);
        self.templates.insert(worker, template);
    }

    /// Forgets a worker.
    pub(crate) fn remove(&mut self, worker: u32) {
        if self.templates.remove(&worker).is_some() {
            for (owner, row) in &mut self.rows {
                if *owner == worker {
                    row.fill(0.0);
                }
            }
            self.rows.retain(|(owner, _)| *owner != worker);
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
        let mut best: Option<(u32, f32)> = None;
        let mut second: Option<f32> = None;
        for (worker, row) in &self.rows {
            let similarity = dot(row, face.numbers());
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
}
