//! Arithmetic of figures and of invented numbers.

/// The value below which `share` of the values lie; not a number where there is none.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// A resident's number with its last sign (GB 11643-1999: ISO 7064, MOD 11-2).
pub fn with_check(first: &str) -> String {
    let sum = first
        .bytes()
        .rev()
        .zip(1_u32..)
        .fold(0, |sum, (digit, place)| {
            sum + u32::from(digit - b'0') * (2_u32.pow(place) % 11)
        });
    let last = (12 - sum % 11) % 11;
    let last = if last == 10 {
        "X".to_owned()
    } else {
        last.to_string()
    };
    format!("{first}{last}")
}

/// `SplitMix64` (Steele, Lea, Flood 2014): the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Yes or no.
    pub fn coin(&mut self) -> bool {
        self.any() & 1 == 1
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.any() % bound
    }

    /// The same, as a place in a list.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}
