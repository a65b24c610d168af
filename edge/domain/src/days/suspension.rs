//! 停工: a time without work that the site declares, so that nobody takes its silence for a fault.

/// Longest reason, characters.
pub const SUSPENSION_CHARS_MAX: usize = 200;
/// Longest time without work that one notice declares: a year.
const LENGTH_MS_MAX: i64 = 366 * 86_400_000;

/// One notice. Its time may lie ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// From when on, Unix ms.
    pub from_ms: i64,
    /// Until when, Unix ms.
    pub to_ms: i64,
    /// Why.
    pub reason: String,
}

/// Why a notice cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspensionFault {
    /// No reason, a longer one than [`SUSPENSION_CHARS_MAX`], or one with control characters.
    Reason,
    /// It ends before it begins.
    Reversed,
    /// It is longer than a year.
    TooLong,
}

impl Suspension {
    /// A notice that makes sense.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(from_ms: i64, to_ms: i64, reason: &str) -> Result<Self, SuspensionFault> {
        let reason = reason.trim();
        let chars = reason.chars().count();
        if chars == 0 || chars > SUSPENSION_CHARS_MAX || reason.chars().any(char::is_control) {
            return Err(SuspensionFault::Reason);
        }
        if to_ms <= from_ms {
            return Err(SuspensionFault::Reversed);
        }
        if to_ms.saturating_sub(from_ms) > LENGTH_MS_MAX {
            return Err(SuspensionFault::TooLong);
        }
        Ok(Self {
            from_ms,
            to_ms,
            reason: reason.to_owned(),
        })
    }
}

impl SuspensionFault {
    /// The words for whoever typed it.
    pub fn text(self) -> String {
        match self {
            Self::Reason => format!("停工原因应为 1 至 {SUSPENSION_CHARS_MAX} 个字"),
            Self::Reversed => "停工结束应晚于开始".to_owned(),
            Self::TooLong => "一次停工最长一年，请核对年份".to_owned(),
        }
    }
}
