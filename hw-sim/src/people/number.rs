//! The check character of ID numbers (GB 11643, ISO 7064 MOD 11-2).

/// The character behind the first seventeen digits of an ID number; nothing unless there are exactly seventeen digits.
pub(super) fn check_character(first_seventeen: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHARACTERS: &str = "10X98765432";
    if first_seventeen.chars().count() != WEIGHTS.len() {
        return None;
    }
    let mut sum: u32 = 0;
    for (character, weight) in first_seventeen.chars().zip(WEIGHTS) {
        sum = sum.checked_add(character.to_digit(10)?.checked_mul(weight)?)?;
    }
    CHARACTERS
        .chars()
        .nth(usize::try_from(sum.checked_rem(11)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::check_character;

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
            assert_eq!(
                check_character(first).unwrap().to_string(),
                check,
                "{number}"
            );
        }
        assert_ne!(check_character("34990119900307001"), Some('0'));
    }

    #[test]
    fn wrong_input_has_no_check_character() {
        assert_eq!(check_character("3499011990030700"), None);
        assert_eq!(check_character("34990119900307O01"), None);
    }
}
