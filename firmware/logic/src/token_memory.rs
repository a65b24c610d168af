//! Openings that were carried out, so that none is carried out twice.

use crate::uptime::elapsed_ms;
use heapless::Deque;

/// Openings that the board remembers.
pub const TOKENS_MAX: usize = 8;

/// How long it remembers one, in ms. The box gives up on an open command long before. A box whose
/// ledger began anew may use a small number again after that.
pub const TOKEN_MEMORY_MS: u32 = 10_000;

/// The last openings.
#[derive(Debug, Default)]
pub struct TokenMemory {
    recent: Deque<(u32, u32), TOKENS_MAX>,
}

impl TokenMemory {
    /// Whether `token` opened the gate lately.
    pub fn knows(&self, now_ms: u32, token: u32) -> bool {
        self.recent
            .iter()
            .any(|(known, at_ms)| *known == token && elapsed_ms(now_ms, *at_ms) < TOKEN_MEMORY_MS)
    }

    /// Remembers that `token` opened the gate.
    pub fn remember(&mut self, now_ms: u32, token: u32) {
        if self.recent.is_full() {
            self.recent.pop_front();
        }
        // There is room now, so this gives nothing back.
        self.recent.push_back((token, now_ms)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{TOKEN_MEMORY_MS, TokenMemory};

    #[test]
    fn the_last_eight_are_known_for_their_time() {
        let mut memory = TokenMemory::default();
        for token in 1..=9 {
            memory.remember(100, token);
        }
        assert!(!memory.knows(100, 1));
        for token in 2..=9 {
            assert!(memory.knows(99 + TOKEN_MEMORY_MS, token));
            assert!(!memory.knows(100 + TOKEN_MEMORY_MS, token));
        }
    }
}
