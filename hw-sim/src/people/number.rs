//! Check characters of ID numbers (GB 11643, ISO 7064 MOD 11-2) and company codes (GB 32100).

/// The character behind the first seventeen digits of an ID number; nothing unless there are exactly seventeen digits.
pub fn check_character(first_seventeen: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHARACTERS: &str = "10X98765432";
    if first_seventeen.chars().count() != WEIGHTS.len() {
        return None;
    }
    let mut sum: u32 = 0;
    for (character, weight) in first_seventeen.chars().zip(WEIGHTS) {
        sum = sum.checked_add(character.to_digit(10)?.checked_mul(weight)?)?;
    }
    CHARACTERS.chars().nth(usize::try_from(sum.checked_rem(11)?).ok()?)
}

/// The character behind the first seventeen of a unified social credit code; nothing if one of them is not allowed there.
pub fn company_check_character(first_seventeen: &str) -> Option<char> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    if first_seventeen.chars().count() != 17 {
        return None;
    }
    let (mut sum, mut weight): (usize, usize) = (0, 1);
    for character in first_seventeen.chars() {
        let value = ALPHABET.chars().position(|known| known == character)?;
        sum = sum.checked_add(value.checked_mul(weight)?)?;
        weight = weight.checked_mul(3)?.checked_rem(31)?;
    }
    let check = 31usize.checked_sub(sum.checked_rem(31)?)?.checked_rem(31)?;
    ALPHABET.chars().nth(check)
}

#[cfg(test)]
mod tests {
    use super::{check_character, company_check_character};

    #[test]
    fn id_numbers_of_the_vectors() {
        // Worked vectors: invented numbers of an unassigned region, permit prefixes, and the foreigners' 9.
        for number in [
            "349901199003070016",
            "349901199003070024",
            "34990119900307018X",
            "349901198812310038",
            "349901197506150043",
            "349901200002290055",
            "349901196001010067",
            "349901201104010071",
            "349901200911220097",
            "81000019850505001X",
            "820000199111110020",
            "830000197809090036",
            "93484019800101001X",
            "931392199108150021",
        ] {
            let (first, check) = number.split_at(17);
            assert_eq!(check_character(first).unwrap().to_string(), check, "{number}");
        }
        assert_ne!(check_character("34990119900307001"), Some('0'));
    }

    #[test]
    fn company_code_of_the_vector() {
        assert_eq!(company_check_character("91349900MA8N0TE00"), Some('Y'));
    }

    #[test]
    fn wrong_input_has_no_check_character() {
        assert_eq!(check_character("3499011990030700"), None);
        assert_eq!(check_character("34990119900307O01"), None);
        assert_eq!(company_check_character("91349900MA8N0TEI0"), None);
    }
}
