//! Personal text that hides itself in logs.

use std::fmt;

use zeroize::Zeroize;

/// Text from an ID card: masked in `Debug`, without `Display`, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Masked(String);

impl Masked {
    /// Wraps text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text in clear. Every call must be able to say why it needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("(empty)")
        } else {
            f.write_str("***")
        }
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_only_whether_there_is_text() {
        assert_eq!(format!("{:?}", Masked::new("张三")), "***");
        assert_eq!(format!("{:?}", Masked::default()), "(empty)");
        assert_eq!(Masked::new("张三").reveal(), "张三");
    }
}
