//! The code that makes the first account: given to the installer out of band, good for one use.

use std::fmt;

use super::password;
use crate::error::WebError;

/// Eight digits in two groups, such as `4821-0937`: short enough to be read out and typed on a
/// phone; the throttle makes guessing one of 100 million hopeless.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimCode(String);

const DIGITS: usize = 8;
/// Largest multiple of ten that fits a byte; bytes from here on would prefer the low digits.
const UNBIASED_END: u8 = 250;

impl ClaimCode {
    /// Draws a fresh code.
    ///
    /// # Errors
    /// [`WebError::Random`] where the operating system gives no random bytes.
    pub fn random() -> Result<Self, WebError> {
        let mut digits = String::with_capacity(DIGITS);
        while digits.len() < DIGITS {
            let mut bytes = [0_u8; DIGITS];
            getrandom::fill(&mut bytes).map_err(WebError::Random)?;
            let fair = bytes.into_iter().filter(|byte| *byte < UNBIASED_END);
            digits.extend(
                fair.take(DIGITS - digits.len())
                    .map(|byte| char::from(b'0' + byte % 10)),
            );
        }
        Ok(Self(digits))
    }

    /// Reads what a person typed: digits, with any spaces or dashes, full-width ones too.
    /// `None` where it cannot be a code.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut digits = String::with_capacity(DIGITS);
        for letter in typed.chars() {
            match letter {
                '0'..='9' => digits.push(letter),
                '０'..='９' => {
                    let value = u32::from(letter) - u32::from('０');
                    digits.push(char::from_digit(value, 10)?);
                }
                '-' | '－' | '—' | ' ' | '\u{3000}' => {}
                _ => return None,
            }
        }
        (digits.len() == DIGITS).then_some(Self(digits))
    }

    /// The code as it is printed: `4821-0937`.
    pub fn reveal(&self) -> String {
        let (left, right) = self.0.split_at(DIGITS / 2);
        format!("{left}-{right}")
    }

    /// The hash to store; the code itself is stored nowhere.
    ///
    /// # Errors
    /// [`WebError::Random`] or [`WebError::Hash`].
    pub fn hash(&self) -> Result<String, WebError> {
        password::hash_code(&self.0)
    }

    /// The bare digits, for hashing on another thread.
    pub(crate) fn into_digits(self) -> String {
        self.0
    }
}

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimCode(********)")
    }
}

#[cfg(test)]
mod tests {
    use super::ClaimCode;

    #[test]
    fn reads_what_it_prints_however_it_is_typed() {
        let code = ClaimCode::random().unwrap();
        assert_eq!(ClaimCode::parse(&code.reveal()), Some(code));
        let expected = ClaimCode::parse("48210937");
        for typed in [
            "4821-0937",
            " 4821 0937 ",
            "４８２１－０９３７",
            "4-8-2-1-0-9-3-7",
        ] {
            assert_eq!(ClaimCode::parse(typed), expected, "{typed}");
        }
        for typed in ["", "4821", "4821-09377", "4821-o937", "4821-093⑦"] {
            assert_eq!(ClaimCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn does_not_show_itself_in_a_log() {
        let code = ClaimCode::parse("4821-0937").unwrap();
        assert!(!format!("{code:?}").contains("4821"));
    }
}
