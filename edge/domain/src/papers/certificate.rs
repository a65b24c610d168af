//! Certificates of special trades (特种作业操作证). One of the emergency authority carries the holder's
//! identity number as its own, so every number is personal data.

use core::fmt;

use jiff::civil::Date;
use zeroize::Zeroize;

use crate::error::DomainError;

/// Most certificates of one person: all fit into one record.
pub const CERTIFICATES_MAX: usize = 12;
/// Longest name of an issuer in characters.
pub const ISSUER_CHARS_MAX: usize = 40;
const NUMBER_CHARS: core::ops::RangeInclusive<usize> = 4..=40;

/// What a certificate is for. The national platform's public tables have no code for it; the words are
/// ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateKind {
    /// 建筑电工.
    Electrician,
    /// 建筑架子工.
    Scaffolder,
    /// 起重信号司索工.
    Signaller,
    /// 塔式起重机司机.
    TowerCrane,
    /// 施工升降机司机.
    Hoist,
    /// 物料提升机司机.
    MaterialHoist,
    /// 起重机械安装拆卸工.
    Erector,
    /// 高处作业吊篮安装拆卸工.
    Cradle,
    /// 焊接与热切割作业.
    Welder,
    /// 高处作业.
    Heights,
    /// 爆破作业.
    Blaster,
    /// 其他特种作业.
    Other,
}

impl CertificateKind {
    /// Every kind, in the order of a list to choose from.
    pub const ALL: [Self; 12] = [
        Self::Electrician,
        Self::Scaffolder,
        Self::Signaller,
        Self::TowerCrane,
        Self::Hoist,
        Self::MaterialHoist,
        Self::Erector,
        Self::Cradle,
        Self::Welder,
        Self::Heights,
        Self::Blaster,
        Self::Other,
    ];

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Electrician => ("electrician", "建筑电工"),
            Self::Scaffolder => ("scaffolder", "建筑架子工"),
            Self::Signaller => ("signaller", "起重信号司索工"),
            Self::TowerCrane => ("tower_crane", "塔式起重机司机"),
            Self::Hoist => ("hoist", "施工升降机司机"),
            Self::MaterialHoist => ("material_hoist", "物料提升机司机"),
            Self::Erector => ("erector", "起重机械安装拆卸工"),
            Self::Cradle => ("cradle", "高处作业吊篮安装拆卸工"),
            Self::Welder => ("welder", "焊接与热切割作业"),
            Self::Heights => ("heights", "高处作业"),
            Self::Blaster => ("blaster", "爆破作业"),
            Self::Other => ("other", "其他特种作业"),
        }
    }

    /// The stable code of the record.
    pub const fn code(self) -> &'static str {
        self.words().0
    }

    /// The Chinese name.
    pub const fn text(self) -> &'static str {
        self.words().1
    }

    /// Reads a code of a record.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Number of a certificate: 4 to 40 letters, digits and hyphens, first a letter or a digit.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateNumber(String);

impl CertificateNumber {
    /// Reads a number, with its Chinese characters (`皖A012026000017`); full-width digits and letters
    /// become plain ones, small letters capitals, spaces go.
    ///
    /// # Errors
    /// [`DomainError::CertificateNumber`] for anything else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let number: String = text
            .chars()
            .filter(|one| !one.is_whitespace())
            .map(|one| plain(one).to_ascii_uppercase())
            .collect();
        let is_letter = |one: char| one.is_alphanumeric();
        let fits = NUMBER_CHARS.contains(&number.chars().count())
            && number.starts_with(is_letter)
            && number.chars().all(|one| is_letter(one) || one == '-');
        if !fits {
            return Err(DomainError::CertificateNumber);
        }
        Ok(Self(number))
    }

    /// The number in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The last four characters behind four stars; a short number only its stars.
    pub fn masked(&self) -> String {
        let chars = self.0.chars().count();
        let hidden = chars.saturating_sub(4).max(chars.min(4));
        "****".chars().chain(self.0.chars().skip(hidden)).collect()
    }
}

/// The plain form of a full-width letter, digit or hyphen.
fn plain(one: char) -> char {
    match one {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(one) - 0xfee0).unwrap_or(one),
        _ => one,
    }
}

impl fmt::Debug for CertificateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Drop for CertificateNumber {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What it is for.
    pub kind: CertificateKind,
    /// Its number.
    pub number: CertificateNumber,
    /// Who issued it, as the clerk wrote it.
    pub issuer: String,
    /// Its last day.
    pub until: Date,
}

impl Certificate {
    /// What rules ask of it.
    pub const fn term(&self) -> CertificateTerm {
        CertificateTerm {
            kind: self.kind,
            until: self.until,
        }
    }
}

/// What rules ask of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateTerm {
    /// What it is for.
    pub kind: CertificateKind,
    /// Its last day.
    pub until: Date,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        let codes: BTreeSet<_> = CertificateKind::ALL.map(CertificateKind::code).into();
        assert_eq!(codes.len(), CertificateKind::ALL.len());
        for kind in CertificateKind::ALL {
            assert_eq!(CertificateKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(CertificateKind::from_code("pilot"), None);
    }

    #[test]
    fn numbers_are_read_as_they_are_written_and_hide_themselves() {
        for (typed, number, masked) in [
            ("皖A012026000017", "皖A012026000017", "****0017"),
            (" t349901199003070016 ", "T349901199003070016", "****0016"),
            ("Ｔ３４－００１７", "T34-0017", "****0017"),
            ("12345", "12345", "****5"),
            ("1234", "1234", "****"),
        ] {
            let read = CertificateNumber::parse(typed).unwrap();
            assert_eq!((read.reveal(), read.masked().as_str()), (number, masked));
            assert_eq!(format!("{read:?}"), masked);
        }
        let long = "1".repeat(41);
        for bad in ["", "123", "=1+1+1", "-12345", "<b>1234", "12_34", &long] {
            let fault = Err(DomainError::CertificateNumber);
            assert_eq!(CertificateNumber::parse(bad), fault, "{bad}");
        }
    }
}
