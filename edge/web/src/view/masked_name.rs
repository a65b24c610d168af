//! A worker's name as the screen may show it.

use std::fmt;

use edge_domain::PersonName;

/// A name with everything but its first character hidden.
///
/// The clear name cannot be put into this type, so a page cannot leak one by mistake.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MaskedName(String);

impl From<&PersonName> for MaskedName {
    fn from(name: &PersonName) -> Self {
        Self(name.masked())
    }
}

impl MaskedName {
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

#[cfg(test)]
mod tests {
    use edge_domain::PersonName;

    use super::MaskedName;

    #[test]
    fn shows_the_first_character_and_not_the_length() {
        for (clear, shown) in [
            ("张三", "张**"),
            ("买买提·吐尔逊江", "买**"),
            ("𬭼𬱖𬍛", "𬭼**"),
        ] {
            let name = PersonName::parse(clear).unwrap();
            assert_eq!(MaskedName::from(&name).as_str(), shown);
        }
    }
}
