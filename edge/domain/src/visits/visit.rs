//! A visit as the gate knows it, and the visitor's data, which is sealed before it is stored.

use core::fmt;

use crate::credential::Credential;
use crate::id_number::IdNumber;
use crate::ids::VisitId;
use crate::person::{IcNumber, PersonName};

/// Longest visit, in hours.
pub const VISIT_H_MAX: i64 = 7 * 24;

/// Longest company, host or reason, in characters.
pub const VISIT_WORDS_MAX: usize = 40;

const HOUR_MS: i64 = 3_600_000;

/// What a visitor shows at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisitCard {
    /// His own identity document.
    Document(IdNumber),
    /// A temporary IC card.
    Ic(IcNumber),
}

impl VisitCard {
    /// Reads the number of a document or of an IC card.
    pub fn parse(text: &str) -> Option<Self> {
        let document = IdNumber::parse(text).ok().map(Self::Document);
        document.or_else(|| IcNumber::parse(text).ok().map(Self::Ic))
    }

    /// The card that was just presented; `None` for what was not read or is no card.
    pub fn of(credential: &Credential) -> Option<Self> {
        match credential {
            Credential::IdCard(document) => Some(Self::Document(document.number.clone())),
            Credential::IcCard(reading) => Some(Self::Ic(reading.number())),
            Credential::Face { .. } | Credential::Unreadable { .. } => None,
        }
    }

    /// Whether a reader may take the one for the other.
    pub fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Document(one), Self::Document(two)) => one == two,
            (Self::Ic(one), Self::Ic(two)) => one.may_read_as(*two),
            (Self::Document(_), Self::Ic(_)) | (Self::Ic(_), Self::Document(_)) => false,
        }
    }

    /// For a page: what it is, and its last four characters.
    pub fn masked(&self) -> String {
        let (word, whole) = match self {
            Self::Document(number) => ("身份证", number.reveal().to_owned()),
            Self::Ic(number) => ("临时卡", number.to_hex()),
        };
        let hidden = whole.chars().count().saturating_sub(4);
        let last: String = whole.chars().skip(hidden).collect();
        format!("{word} ****{last}")
    }
}

/// A visit, as far as the gate needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its number at this box.
    pub visit: VisitId,
    /// The visitor, for the gate's screen.
    pub name: PersonName,
    /// What he shows.
    pub card: VisitCard,
    /// From when on, Unix ms. For people to read: a clock that went back keeps nobody out.
    pub from_ms: i64,
    /// When it is over, Unix ms.
    pub until_ms: i64,
    /// When somebody ended it before, Unix ms.
    pub ended_ms: Option<i64>,
}

impl Visit {
    /// Whether it is over. An unset clock stands at a floor that is never ahead of the time, so
    /// what is over by it is over.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.ended_ms.is_some() || now_ms >= self.until_ms
    }

    /// Whether what was presented is this visit's card.
    pub fn fits(&self, credential: &Credential) -> bool {
        match (&self.card, credential) {
            (VisitCard::Document(number), Credential::IdCard(document)) => {
                document.number == *number
            }
            (VisitCard::Ic(card), Credential::IcCard(reading)) => reading.fits(*card),
            _ => false,
        }
    }
}

/// Who visits whom, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct Visitor {
    /// His name.
    pub name: PersonName,
    /// Where he comes from; may be empty.
    pub company: String,
    /// Whom he visits; may be empty.
    pub host: String,
    /// What for; may be empty.
    pub reason: String,
    /// What he shows at the gate.
    pub card: VisitCard,
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").finish_non_exhaustive()
    }
}

impl Visitor {
    /// Checks what was typed; `words` are company, host and reason.
    ///
    /// # Errors
    /// [`VisitFault::Words`] where one is too long or holds control characters.
    pub fn new(name: PersonName, words: [&str; 3], card: VisitCard) -> Result<Self, VisitFault> {
        let words = words.map(str::trim);
        let is_odd = |text: &&str| {
            text.chars().count() > VISIT_WORDS_MAX || text.chars().any(char::is_control)
        };
        if words.iter().any(is_odd) {
            return Err(VisitFault::Words);
        }
        let [company, host, reason] = words.map(str::to_owned);
        Ok(Self {
            name,
            company,
            host,
            reason,
            card,
        })
    }
}

/// Why nobody is let in as a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitFault {
    /// A word is too long.
    Words,
    /// It would be over at once.
    Over,
    /// Longer than [`VISIT_H_MAX`].
    TooLong,
    /// The site lets no visitors in.
    NotHere,
    /// The card is that of a worker who is here: he would count as a visitor.
    OfWorker,
    /// Its holder is barred.
    Barred,
    /// The card is out with another visitor.
    Taken,
}

impl VisitFault {
    /// Tests how long a visit would last.
    ///
    /// # Errors
    /// [`VisitFault::Over`], [`VisitFault::TooLong`].
    pub fn check_span(from_ms: i64, until_ms: i64) -> Result<(), Self> {
        if until_ms <= from_ms {
            return Err(Self::Over);
        }
        if until_ms.saturating_sub(from_ms) > VISIT_H_MAX * HOUR_MS {
            return Err(Self::TooLong);
        }
        Ok(())
    }

    /// Cause and what to do, for the page.
    pub fn text(self) -> &'static str {
        match self {
            Self::Words => "单位、找谁、事由每项最多 40 个字，不要换行。请改短",
            Self::Over => "结束时间已经过了，卡开不了闸。请填将来的时间",
            Self::TooLong => "访客最长 7 天。长期来的人请劳资专管员登记为工人或管理人员",
            Self::NotHere => "本工地的规则是不接待访客。要改规则请联系安装人员",
            Self::OfWorker => {
                "这张卡是在册工人的，开成访客会少算他的考勤。请换一张临时卡，或让他直接刷卡"
            }
            Self::Barred => "这个人在禁止进场名单里，不能开访客。请联系项目部",
            Self::Taken => "这张卡（或读起来一样的卡）还在别的访客手里。请先结束那一位，或换一张卡",
        }
    }
}
