//! Personal data. Every type masks itself in `Debug`; clear text needs `.reveal()`.

use core::fmt;

use jiff::civil::Date;
use zeroize::Zeroize;

use crate::error::DomainError;
use crate::id_number::{IdNumber, Sex};
use crate::papers::Certificate;

/// A person's name, 1 to 70 characters (the longest field of any card), kept as written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName(String);

/// Longest name in characters.
const NAME_CHARS_MAX: usize = 70;

impl PersonName {
    /// Takes a name, trimmed.
    ///
    /// # Errors
    /// [`DomainError::Name`] when nothing is left or it is too long.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 || chars > NAME_CHARS_MAX || text.chars().any(char::is_control) {
            return Err(DomainError::Name {
                max: NAME_CHARS_MAX,
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether two spellings can be the same name: spaces and middle dots do not count, and a
    /// character from a private-use area (a rare character that fonts invent) matches anything.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let letters = |name: &Self| -> Vec<char> {
            let plain = |one: &char| !one.is_whitespace() && !"·•．.・‧".contains(*one);
            name.0
                .chars()
                .filter(plain)
                .flat_map(char::to_uppercase)
                .collect()
        };
        let (ours, theirs) = (letters(self), letters(other));
        let same = |(a, b): (&char, &char)| a == b || is_private(*a) || is_private(*b);
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
    }

    /// First character and two stars: `宋**`.
    pub fn masked(&self) -> String {
        self.0.chars().take(1).chain("**".chars()).collect()
    }
}

fn is_private(one: char) -> bool {
    matches!(one, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Drop for PersonName {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A Chinese mobile number: 11 digits, 13 to 19 first.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Checks a mobile number.
    ///
    /// # Errors
    /// [`DomainError::Phone`] for anything else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        let mut digits = text.bytes();
        let first = digits.next() == Some(b'1');
        let second = digits
            .next()
            .is_some_and(|byte| (b'3'..=b'9').contains(&byte));
        if first && second && text.len() == 11 && digits.all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(DomainError::Phone)
    }

    /// The number in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// First three, four stars, last four.
    pub fn masked(&self) -> String {
        let head = self.0.chars().take(3);
        head.chain("****".chars())
            .chain(self.0.chars().skip(7))
            .collect()
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Drop for PhoneNumber {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Number of an IC card (实名卡): the four bytes of its chip's serial number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IcNumber(u32);

impl IcNumber {
    /// Takes the number, first byte highest.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Reads eight hexadecimal digits, as [`IcNumber::to_hex`] writes them; spaces and capitals
    /// do no harm.
    ///
    /// # Errors
    /// [`DomainError::IcNumber`] for anything else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let digits: String = text.chars().filter(|one| !one.is_whitespace()).collect();
        let hex = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u32::from_str_radix(&digits, 16).ok())
            .flatten()
            .map(Self)
            .ok_or(DomainError::IcNumber)
    }

    /// The number in clear.
    pub const fn reveal(self) -> u32 {
        self.0
    }

    /// Whether a reader that tells only three bytes may take the one for the other.
    pub const fn may_read_as(self, other: Self) -> bool {
        let differs = self.0 ^ other.0;
        differs.trailing_zeros() >= 24 || differs.leading_zeros() >= 24
    }

    /// The number in clear, eight lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        format!("{:08x}", self.0)
    }
}

impl fmt::Debug for IcNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IcNumber(***)")
    }
}

/// Number of a bank account: 8 to 30 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount(String);

impl BankAccount {
    /// Reads an account; spaces do no harm. Numbers of cards (16 to 19 digits, beginning with 62) have
    /// a check digit (ISO/IEC 7812, Luhn); older accounts have none.
    ///
    /// # Errors
    /// [`DomainError::Account`] for anything else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let digits: String = text.chars().filter(|one| !one.is_whitespace()).collect();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_card = digits.starts_with("62") && (16..=19).contains(&digits.len());
        if !is_number || !(8..=30).contains(&digits.len()) || is_card && !is_luhn(&digits) {
            return Err(DomainError::Account);
        }
        Ok(Self(digits))
    }

    /// The number in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The last four digits behind four stars.
    pub fn masked(&self) -> String {
        let last = self.0.chars().skip(self.0.len().saturating_sub(4));
        "****".chars().chain(last).collect()
    }
}

fn is_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|one| one.to_digit(10))
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    sum.is_multiple_of(10)
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Drop for BankAccount {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Where a worker's wages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WageCard {
    /// The bank, as the clerk wrote it (开户行).
    pub bank: String,
    /// The account.
    pub account: BankAccount,
    /// It is the account of his social security card (社会保障卡), which wages should go to first.
    pub is_social: bool,
}

/// What an emergency contact is to the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kinship {
    /// 配偶.
    Spouse,
    /// 父母.
    Parent,
    /// 子女.
    Child,
    /// 兄弟姐妹.
    Sibling,
    /// 其他亲属.
    Relative,
    /// 朋友、老乡.
    Friend,
    /// 其他.
    Other,
}

impl Kinship {
    /// Every one, in the order of a list to choose from.
    pub const ALL: [Self; 7] = [
        Self::Spouse,
        Self::Parent,
        Self::Child,
        Self::Sibling,
        Self::Relative,
        Self::Friend,
        Self::Other,
    ];

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Spouse => ("spouse", "配偶"),
            Self::Parent => ("parent", "父母"),
            Self::Child => ("child", "子女"),
            Self::Sibling => ("sibling", "兄弟姐妹"),
            Self::Relative => ("relative", "其他亲属"),
            Self::Friend => ("friend", "朋友老乡"),
            Self::Other => ("other", "其他"),
        }
    }

    /// The stable code of the record.
    pub const fn code(self) -> &'static str {
        self.words().0
    }

    /// The Chinese word.
    pub const fn text(self) -> &'static str {
        self.words().1
    }

    /// Reads a code of a record.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// Whom to call when something happened to a worker (紧急联系人).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// His name.
    pub name: PersonName,
    /// What he is to the worker.
    pub kinship: Kinship,
    /// His mobile number.
    pub phone: PhoneNumber,
}

impl Contact {
    /// `李**（配偶）139****0028`.
    pub fn masked(&self) -> String {
        let (name, phone) = (self.name.masked(), self.phone.masked());
        format!("{name}（{}）{phone}", self.kinship.text())
    }
}

/// What a worker record seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name as on the document.
    pub name: PersonName,
    /// Identity number; its kind is the kind of document.
    pub number: IdNumber,
    /// Sex as on the document.
    pub sex: Sex,
    /// Birth date.
    pub born: Date,
    /// For residents the nation (民族), two digits of GB/T 3304; for foreigners the nationality,
    /// ISO 3166-1 alpha-3. Put into words only where it is shown.
    pub nation: Option<String>,
    /// Mobile number.
    pub phone: Option<PhoneNumber>,
    /// Last day of the document; `None` for a long-term document or when unknown.
    pub valid_to: Option<Date>,
    /// SHA-256 of the registration photo, lower hex.
    pub photo_sha256: Option<String>,
    /// His IC card (实名卡).
    pub ic_card: Option<IcNumber>,
    /// His wage card (工资卡).
    pub wage_card: Option<WageCard>,
    /// His certificates of special trades.
    pub certificates: Vec<Certificate>,
    /// Whom to call when something happened to him.
    pub contact: Option<Contact>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_names_and_numbers() {
        let name = PersonName::parse(" 宋小宝 ").unwrap();
        assert_eq!(format!("{name:?}"), "宋**");
        assert_eq!(name.reveal(), "宋小宝");
        let phone = PhoneNumber::parse("13900001234").unwrap();
        assert_eq!(format!("{phone:?}"), "139****1234");
    }

    #[test]
    fn accounts_hide_and_cards_check_their_last_digit() {
        let card = BankAccount::parse("6228 4800 0000 0000 018").unwrap();
        assert_eq!(card.reveal(), "6228480000000000018");
        assert_eq!(
            (card.masked().as_str(), format!("{card:?}").as_str()),
            ("****0018", "****0018")
        );
        for bad in [
            "",
            "1234567",
            "6228480000000000019",
            "12345678a",
            "-12345678",
        ] {
            assert_eq!(BankAccount::parse(bad), Err(DomainError::Account), "{bad}");
        }
        // No card: an account of a company's book, without a check digit.
        assert!(BankAccount::parse("1302010109024500018").is_ok());
    }

    #[test]
    fn ic_numbers_are_eight_hexadecimal_digits() {
        let number = IcNumber::parse(" 04 A1 b2 c3").unwrap();
        assert_eq!(
            (number.reveal(), number.to_hex().as_str()),
            (0x04a1_b2c3, "04a1b2c3")
        );
        assert_eq!(format!("{number:?}"), "IcNumber(***)");
        for bad in ["", "04a1b2c", "04a1b2c3d", "04a1b2cg", "+4a1b2c3"] {
            assert_eq!(IcNumber::parse(bad), Err(DomainError::IcNumber), "{bad}");
        }
    }

    #[test]
    fn rare_and_long_names_are_kept() {
        for name in ["古力娜扎·迪力木拉提", "\u{e000}", "𠮷野", "OBAMA BARACK"] {
            assert_eq!(PersonName::parse(name).unwrap().reveal(), name);
        }
        assert!(PersonName::parse("  ").is_err());
        assert!(PersonName::parse(&"王".repeat(71)).is_err());
    }

    #[test]
    fn spelling_of_names_is_forgiven_and_other_names_are_not() {
        for (ours, theirs, agree) in [
            ("古力娜扎·迪力木拉提", "古力娜扎迪力木拉提", true),
            ("张 三", "张三", true),
            ("Barack Obama", "OBAMA BARACK", false),
            ("王\u{e832}", "王䶮", true),
            ("张三", "张四", false),
            ("张三", "张三丰", false),
        ] {
            let (a, b) = (
                PersonName::parse(ours).unwrap(),
                PersonName::parse(theirs).unwrap(),
            );
            assert_eq!(
                (a.agrees_with(&b), b.agrees_with(&a)),
                (agree, agree),
                "{ours} {theirs}"
            );
        }
    }

    #[test]
    fn phones_are_mobile_numbers() {
        for bad in [
            "12900001234",
            "1390000123",
            "139000012345",
            "1390000123a",
            "",
        ] {
            assert_eq!(PhoneNumber::parse(bad), Err(DomainError::Phone));
        }
    }

    #[test]
    fn a_contact_hides_name_and_number() {
        let contact = Contact {
            name: PersonName::parse("李秀英").unwrap(),
            kinship: Kinship::Spouse,
            phone: PhoneNumber::parse("13900000028").unwrap(),
        };
        assert_eq!(contact.masked(), "李**（配偶）139****0028");
        assert!(!format!("{contact:?}").contains("秀英"));
        for one in Kinship::ALL {
            assert_eq!(Kinship::from_code(one.code()), Some(one));
        }
    }
}
