//! Unified social credit codes of employers (GB 32100-2015).

use crate::error::DomainError;

/// A checked unified social credit code (统一社会信用代码): public, not personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc(String);

/// The 31 characters in the order of their values: no I, O, S, V, Z.
const ALPHABET: [u8; 31] = *b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Weights of the first seventeen characters: powers of 3 modulo 31.
const WEIGHTS: [u32; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];

impl Uscc {
    /// Reads a code; spaces around it are dropped and letters made upper case.
    ///
    /// # Errors
    /// [`DomainError::UsccShape`] or [`DomainError::UsccCheck`].
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let text = text.trim().to_ascii_uppercase();
        let values: Option<Vec<u32>> = text.bytes().map(value).collect();
        let values = values
            .filter(|values| values.len() == 18)
            .ok_or(DomainError::UsccShape)?;
        let sum: u32 = WEIGHTS
            .iter()
            .zip(&values)
            .map(|(weight, value)| weight * value)
            .sum();
        if values.last() == Some(&((31 - sum % 31) % 31)) {
            Ok(Self(text))
        } else {
            Err(DomainError::UsccCheck)
        }
    }

    /// The code, upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn value(byte: u8) -> Option<u32> {
    let at = ALPHABET.iter().position(|known| *known == byte)?;
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_character_decides() {
        assert_eq!(
            Uscc::parse("91349900MA8N0TE00Y").unwrap().as_str(),
            "91349900MA8N0TE00Y"
        );
        assert!(Uscc::parse("91349900ma8n0te00y").is_ok());
        assert_eq!(
            Uscc::parse("91349900MA8N0TE00X"),
            Err(DomainError::UsccCheck)
        );
        assert_eq!(
            Uscc::parse("91349900MA8N0TE01Y"),
            Err(DomainError::UsccCheck)
        );
    }

    #[test]
    fn shape_is_tested_first() {
        for bad in [
            "",
            "91349900MA8N0TE00",
            "91349900MA8N0TE00YY",
            "91349900MA8NOTE00Y",
            "九1349900MA8N0TE00Y",
        ] {
            assert_eq!(Uscc::parse(bad), Err(DomainError::UsccShape), "{bad}");
        }
    }
}
