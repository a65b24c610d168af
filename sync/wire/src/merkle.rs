//! One hash over many records of a chain, and the proof that a record is among them.
//!
//! The tree of RFC 6962: a leaf is SHA-256 of `00`, the record's number (8 bytes, big-endian) and its
//! chain hash; a node is SHA-256 of `01` and its two children; what has no sibling moves up as it is.

use sha2::{Digest, Sha256};

use crate::chain::Hash;

/// Most steps of a proof: more than records can be.
pub const PATH_MAX: usize = 64;

/// The leaf of a record.
pub fn leaf(seq: u64, hash: &Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update([0]);
    sha.update(seq.to_be_bytes());
    sha.update(hash.as_bytes());
    Hash::from_bytes(sha.finalize().into())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update([1]);
    sha.update(left.as_bytes());
    sha.update(right.as_bytes());
    Hash::from_bytes(sha.finalize().into())
}

/// Computes a root leaf by leaf, in as much memory as the tree is high.
#[derive(Debug, Clone, Default)]
pub struct RootOf {
    /// Whole trees that wait for a sibling: how many leaves each has, and its root; larger first.
    waiting: Vec<(u64, Hash)>,
}

impl RootOf {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut whole = (1_u64, leaf);
        while let Some((leaves, left)) = self.waiting.pop() {
            if leaves != whole.0 {
                self.waiting.push((leaves, left));
                break;
            }
            whole = (leaves.saturating_mul(2), node(&left, &whole.1));
        }
        self.waiting.push(whole);
    }

    /// The root over all leaves; `None` where there was none.
    pub fn finish(self) -> Option<Hash> {
        let mut smaller_first = self.waiting.into_iter().rev().map(|(_, root)| root);
        let first = smaller_first.next()?;
        Some(smaller_first.fold(first, |right, left| node(&left, &right)))
    }
}

/// The root over records: their numbers and chain hashes, in order.
pub fn root(records: impl IntoIterator<Item = (u64, Hash)>) -> Option<Hash> {
    let mut tree = RootOf::default();
    for (seq, hash) in records {
        tree.push(leaf(seq, &hash));
    }
    tree.finish()
}

/// The siblings from the leaf at `index` (from 0) up to the root.
pub fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    let (mut level, mut at, mut path) = (leaves.to_vec(), index, Vec::new());
    while level.len() > 1 {
        path.extend(level.get(at ^ 1));
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => node(left, right),
                [alone, ..] => *alone,
                [] => leaf(0, &Hash::from_bytes([0; 32])),
            })
            .collect();
        at /= 2;
    }
    path
}

/// The root that a leaf at `index` of `count` leaves has with these siblings; `None` where there are
/// too many or too few of them, or the tree has no such leaf.
pub fn root_of_path(leaf: Hash, (index, count): (u64, u64), path: &[Hash]) -> Option<Hash> {
    if index >= count {
        return None;
    }
    let (mut at, mut width, mut hash) = (index, count, leaf);
    let mut siblings = path.iter();
    while width > 1 {
        if at % 2 == 1 {
            hash = node(siblings.next()?, &hash);
        } else if at + 1 < width {
            hash = node(&hash, siblings.next()?);
        }
        at /= 2;
        width = width.div_ceil(2);
    }
    siblings.next().is_none().then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count)
            .map(|seq| {
                leaf(
                    seq,
                    &Hash::from_bytes([u8::try_from(seq % 251).unwrap(); 32]),
                )
            })
            .collect()
    }

    /// The recursive definition of RFC 6962, section 2.1.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            more => {
                let left = more.len().next_power_of_two() / 2;
                let (left, right) = more.split_at(left);
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn every_leaf_of_every_tree_leads_to_its_root_and_no_other_does() {
        for count in 1..40_u64 {
            let leaves = leaves(count);
            let root = by_definition(&leaves);
            let mut tree = RootOf::default();
            for one in &leaves {
                tree.push(*one);
            }
            assert_eq!(tree.finish(), Some(root), "{count}");
            for index in 0..count {
                let at = usize::try_from(index).unwrap();
                let path = path(&leaves, at);
                assert!(path.len() <= PATH_MAX);
                let reached =
                    |index, count, path: &[Hash]| root_of_path(leaves[at], (index, count), path);
                assert_eq!(reached(index, count, &path), Some(root));
                assert_ne!(reached(index ^ 1, count, &path), Some(root));
                if let Some((_, shorter)) = path.split_last() {
                    assert_eq!(reached(index, count, shorter), None);
                }
                let longer = [path.as_slice(), &[root]].concat();
                assert_eq!(reached(index, count, &longer), None);
            }
        }
        assert_eq!(RootOf::default().finish(), None);
    }

    /// Computed with Python's hashlib.
    #[test]
    fn three_records() {
        let hashes = [1, 2, 3].map(|byte| Hash::from_bytes([byte; 32]));
        let root = root((7..).zip(hashes)).unwrap();
        assert_eq!(root.to_hex(), THREE);
    }

    const THREE: &str = "6b7338208982c96983991e98600a357f542b1acdb93c773c628397faf2ab70bd";
}
