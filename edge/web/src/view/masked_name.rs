//! A worker's name as the screen may show it.

use std::fmt;

/// A name with everything but its first and last character hidden.
///
/// The clear name cannot be put into this type, so a page cannot leak one by mistake.
/// Masking a masked name changes nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MaskedName(String);

impl MaskedName {
    /// Masks `clear`: three or more characters keep first and last, two keep the first,
    /// one is hidden entirely. An empty name stays empty.
    pub fn of(clear: &str) -> Self {
        let clear = clear.trim();
        let mut letters = clear.chars();
        let masked = match (letters.next(), letters.next_back(), letters.next()) {
            (None, _, _) => String::new(),
            (Some(_), None, _) => "*".to_owned(),
            (Some(first), Some(_), None) => format!("{first}*"),
            (Some(first), Some(last), Some(_)) => format!("{first}*{last}"),
        };
        Self(masked)
    }

    /// The text for the screen.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MaskedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MaskedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::MaskedName;

    #[test]
    fn hides_the_middle_of_a_name() {
        for (clear, shown) in [
            ("", ""),
            ("䶮", "*"),
            ("张三", "张*"),
            ("单雄信", "单*信"),
            ("买买提·吐尔逊江", "买*江"),
            ("𬭼𬱖𬍛", "𬭼*𬍛"),
        ] {
            assert_eq!(MaskedName::of(clear).as_str(), shown);
        }
    }

    #[test]
    fn masking_twice_changes_nothing() {
        for clear in ["张三", "单雄信", "买买提·吐尔逊江"] {
            let once = MaskedName::of(clear);
            assert_eq!(MaskedName::of(once.as_str()), once);
        }
    }
}
