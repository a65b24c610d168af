//! An input that counts only once it is steady.

use crate::uptime::elapsed_ms;

/// One debounced input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Debounced {
    level: bool,
    differs_since_ms: Option<u32>,
}

impl Debounced {
    /// The last steady level.
    pub const fn level(&self) -> bool {
        self.level
    }

    /// Takes the level as it is now; returns the new level once it was steady for `steady_ms`.
    pub fn step(&mut self, now_ms: u32, raw: bool, steady_ms: u16) -> Option<bool> {
        if raw == self.level {
            self.differs_since_ms = None;
            return None;
        }
        let since_ms = *self.differs_since_ms.get_or_insert(now_ms);
        if elapsed_ms(now_ms, since_ms) < u32::from(steady_ms) {
            return None;
        }
        self.level = raw;
        self.differs_since_ms = None;
        Some(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::Debounced;

    #[test]
    fn a_glitch_is_ignored_and_a_steady_level_is_taken() {
        let mut input = Debounced::default();
        for now_ms in 0..9 {
            assert_eq!(input.step(now_ms, true, 10), None);
        }
        assert_eq!(input.step(9, false, 10), None);
        assert_eq!(input.step(10, true, 10), None);
        assert_eq!(input.step(19, true, 10), None);
        assert_eq!(input.step(20, true, 10), Some(true));
        assert_eq!(input.step(21, true, 10), None);
        assert!(input.level());
    }
}
