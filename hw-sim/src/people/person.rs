//! One invented person.

use std::fmt;

use jiff::civil::Date;

/// Which card the person carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardKind {
    /// Resident identity card.
    Resident,
    /// Residence permit of Hong Kong, Macao and Taiwan residents (chip letter `J`).
    HongKongMacaoTaiwan {
        /// Travel-permit number, nine characters.
        travel_permit: String,
        /// Times issued, two digits.
        times_issued: String,
    },
    /// Foreigner's permanent residence card of 2017 (chip letter `I`).
    Foreigner2017 {
        /// English name.
        english_name: String,
        /// Nationality, three letters.
        nationality: String,
    },
    /// Foreigner's permanent residence card of 2023 (chip letter `Y`).
    Foreigner2023 {
        /// English name.
        english_name: String,
        /// Nationality, three letters.
        nationality: String,
    },
}

impl CardKind {
    /// The word of the roster file.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::HongKongMacaoTaiwan { .. } => "hmt",
            Self::Foreigner2017 { .. } => "foreigner_2017",
            Self::Foreigner2023 { .. } => "foreigner_2023",
        }
    }
}

/// As on the card (GB/T 2261.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Code 1.
    Male,
    /// Code 2.
    Female,
}

impl Sex {
    /// The digit on the chip.
    pub fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }

    /// The word of the roster file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }
}

/// How the person stands to the site: the reason he gets in, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// On the roster, every condition met.
    Admitted,
    /// Nobody has heard of him.
    NotOnRoster,
    /// Left the project last year.
    Left,
    /// Younger than sixteen all this year.
    UnderAge,
    /// On the roster without training.
    Untrained,
    /// On the roster and blacklisted.
    Blacklisted,
}

impl Standing {
    /// Those who are refused on the way in.
    pub const DENIED: [Self; 5] = [
        Self::NotOnRoster,
        Self::Left,
        Self::UnderAge,
        Self::Untrained,
        Self::Blacklisted,
    ];

    /// The word used in scenario files.
    pub fn code(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::NotOnRoster => "not_on_roster",
            Self::Left => "left",
            Self::UnderAge => "under_age",
            Self::Untrained => "untrained",
            Self::Blacklisted => "blacklisted",
        }
    }

    /// The words on the page.
    pub fn text(self) -> &'static str {
        match self {
            Self::Admitted => "在册",
            Self::NotOnRoster => "不在花名册",
            Self::Left => "已退场",
            Self::UnderAge => "未满16周岁",
            Self::Untrained => "未培训",
            Self::Blacklisted => "黑名单",
        }
    }
}

/// An invented person. `Debug` masks the number as real software must.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Name as on the card (Chinese name where there is one).
    pub name: String,
    /// Which card.
    pub card: CardKind,
    /// ID number, upper case, also the person's key in journal and page.
    pub number: String,
    /// As on the card.
    pub sex: Sex,
    /// Birthday.
    pub born: Date,
    /// Nation code of two digits (GB/T 3304); blank where the card has none.
    pub nation: String,
    /// As on the card.
    pub address: String,
    /// Issuing authority.
    pub issuer: String,
    /// First day of validity.
    pub valid_from: Date,
    /// Last day of validity; nothing means 长期.
    pub valid_to: Option<Date>,
    /// Mobile number.
    pub phone: String,
    /// Team number of the roster file, from 1.
    pub team: u32,
    /// Trade code (workType).
    pub trade: &'static str,
    /// How he stands to the site.
    pub standing: Standing,
}

impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head: String = self.number.chars().take(6).collect();
        write!(
            formatter,
            "Person({head}********, {})",
            self.standing.code()
        )
    }
}
