//! Seeded randomness: the same seed gives the same people, arrivals and noise.

/// A small generator (`SplitMix64`). Good enough for scenarios, never for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    state: u64,
}

impl Seeded {
    /// A generator for this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A second generator whose numbers do not depend on how many this one gives.
    pub(crate) fn fork(&self, label: u64) -> Self {
        let mut child = Self::new(self.state ^ label.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let state = child.next_u64();
        Self { state }
    }

    /// The next 64 bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A number in `from..=to`; `from` when the range is empty.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        let width = to.saturating_sub(from).saturating_add(1);
        from.saturating_add(self.below(width))
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.next_u64().to_le_bytes().first().copied().unwrap_or(0)
    }

    /// One of the items; nothing from an empty slice.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        usize::try_from(self.below(count))
            .ok()
            .and_then(|index| items.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::Seeded;

    #[test]
    fn the_published_first_numbers_of_seed_1234567() {
        // Published reference output of SplitMix64.
        let mut seeded = Seeded::new(1_234_567);
        assert_eq!(seeded.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(seeded.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn an_empty_bound_gives_zero() {
        assert_eq!(Seeded::new(1).below(0), 0);
        assert_eq!(Seeded::new(1).pick::<u8>(&[]), None);
    }
}
