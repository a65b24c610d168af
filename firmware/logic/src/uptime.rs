//! Arithmetic on an uptime that wraps after 49.7 days.

/// Time from `then` to `now` in ms; right for spans below 49.7 days.
pub(crate) const fn elapsed_ms(now_ms: u32, then_ms: u32) -> u32 {
    now_ms.wrapping_sub(then_ms)
}

/// Whether `deadline_ms` is reached; right for deadlines up to 24.8 days away.
pub(crate) const fn is_due(now_ms: u32, deadline_ms: u32) -> bool {
    now_ms.wrapping_sub(deadline_ms) < 0x8000_0000
}

#[cfg(test)]
mod tests {
    use super::{elapsed_ms, is_due};

    #[test]
    fn spans_cross_the_wrap() {
        assert_eq!(elapsed_ms(4, u32::MAX - 5), 10);
        assert!(!is_due(u32::MAX - 5, 4));
        assert!(is_due(4, 4));
        assert!(is_due(5, u32::MAX));
    }
}
