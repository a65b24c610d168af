//! A face as numbers.

use std::fmt;

use zeroize::Zeroize;

/// Numbers of one embedding: what `SFace` gives.
pub(crate) const DIMENSIONS: usize = 128;
/// Bytes of one embedding in the vault.
pub(crate) const EMBEDDING_BYTES: usize = DIMENSIONS * size_of::<f32>();
/// Sums kept side by side, so that the compiler may use vector instructions: eight was the fastest
/// of 1, 8, 16 and 32 on x86-64, and it vectorizes on aarch64 too.
const LANES: usize = 8;

/// One face in a model's own space, of length 1. Biometric data: masks itself, wiped when dropped.
#[derive(Clone, PartialEq)]
pub(crate) struct Embedding([f32; DIMENSIONS]);

impl Embedding {
    /// Scales to length 1; `None` for the wrong count, for zeros and for what is no number.
    pub(crate) fn new(numbers: &[f32]) -> Option<Self> {
        let mut unit: [f32; DIMENSIONS] = numbers.try_into().ok()?;
        let length = dot(&unit, &unit).sqrt();
        if !length.is_finite() || length <= f32::EPSILON {
            return None;
        }
        for number in &mut unit {
            *number /= length;
        }
        Some(Self(unit))
    }

    /// Cosine of the angle between two faces, -1 to 1.
    pub(crate) fn similarity(&self, other: &Self) -> f32 {
        dot(&self.0, &other.0)
    }

    pub(crate) fn numbers(&self) -> &[f32; DIMENSIONS] {
        &self.0
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8; EMBEDDING_BYTES]) -> Option<Self> {
        let (words, _) = bytes.as_chunks::<4>();
        let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        Self::new(&numbers)
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Embedding(…)")
    }
}

impl Drop for Embedding {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Sum of products.
fn dot(a: &[f32; DIMENSIONS], b: &[f32; DIMENSIONS]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{DIMENSIONS, EMBEDDING_BYTES, Embedding};

    /// A face that looks in one direction of the space, with a little of another.
    pub(crate) fn face(axis: usize, other: usize, share: f32) -> Embedding {
        let mut numbers = [0.0; DIMENSIONS];
        numbers[axis] = 1.0;
        numbers[other] += share;
        Embedding::new(&numbers).unwrap()
    }

    #[test]
    fn similarity_is_the_cosine() {
        let (a, b) = (face(0, 1, 0.0), face(1, 0, 0.0));
        assert!((a.similarity(&a) - 1.0).abs() < 1e-6);
        assert!(a.similarity(&b).abs() < 1e-6);
        // 3-4-5: (1, 0) against (4, 3) / 5.
        assert!((a.similarity(&face(0, 1, 0.75)) - 0.8).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_face_is_refused_and_bytes_come_back() {
        assert!(Embedding::new(&[0.0; DIMENSIONS]).is_none());
        assert!(Embedding::new(&[f32::NAN; DIMENSIONS]).is_none());
        assert!(Embedding::new(&[1.0; 127]).is_none());
        let one = face(3, 7, 0.5);
        let bytes: [u8; EMBEDDING_BYTES] = one.to_bytes().try_into().unwrap();
        let back = Embedding::from_bytes(&bytes).unwrap();
        assert!((one.similarity(&back) - 1.0).abs() < 1e-6);
        assert_eq!(format!("{one:?}"), "Embedding(…)");
    }
}
