//! A person's standing at this site: employer, team, trade, engagement and papers.

use jiff::civil::Date;

use crate::error::DomainError;
use crate::id_number::{IdNumber, Sex};
use crate::ids::{EmployerId, TeamId, WorkerId};
use crate::papers::CertificateTerm;
use crate::person::{IcNumber, PersonName};
use crate::uscc::Uscc;

/// An employer (参建单位).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Employer {
    /// The box's number for it.
    pub employer: EmployerId,
    /// Unified social credit code.
    pub uscc: Uscc,
    /// Registered name.
    pub name: String,
    /// Three-digit corpType code of the national table, for example 006 劳务分包.
    pub kind: String,
}

/// A team (班组).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The box's number for it.
    pub team: TeamId,
    /// Who hires it.
    pub employer: EmployerId,
    /// Name on the roster.
    pub name: String,
}

/// Trade (工种): a code of the national workType table, 10 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trade(u16);

/// The national workType table: code and Chinese name.
const TRADES: [(u16, &str); 39] = [
    (10, "砌筑工"),
    (20, "钢筋工"),
    (30, "架子工"),
    (40, "混凝土工"),
    (50, "模板工"),
    (60, "机械设备安装工"),
    (70, "通风工"),
    (80, "安装起重工"),
    (90, "安装钳工"),
    (100, "电气设备安装调试工"),
    (110, "管道工"),
    (120, "变电安装工"),
    (130, "建筑电工"),
    (140, "司泵工"),
    (150, "挖掘铲运和桩工机械司机"),
    (160, "桩机操作工"),
    (170, "起重信号工"),
    (180, "建筑起重机械安装拆卸工"),
    (190, "装饰装修工"),
    (200, "室内成套设施安装工"),
    (210, "建筑门窗幕墙安装工"),
    (220, "幕墙制作工"),
    (230, "防水工"),
    (240, "木工"),
    (250, "石工"),
    (270, "电焊工"),
    (280, "爆破工"),
    (290, "除尘工"),
    (300, "测量放线工"),
    (310, "线路架设工"),
    (320, "古建筑传统石工"),
    (330, "古建筑传统瓦工"),
    (340, "古建筑传统彩画工"),
    (350, "古建筑传统木工"),
    (360, "古建筑传统油工"),
    (380, "金属工"),
    (390, "杂工"),
    (900, "管理人员"),
    (1000, "其他"),
];

impl Trade {
    /// 其他, the trade of a worker whose trade nobody stated.
    pub const OTHER: Self = Self(1000);

    /// Reads a code of the national table, with or without leading zeros.
    ///
    /// # Errors
    /// [`DomainError::UnknownCode`] for a code that is not in the table.
    pub fn parse(code: &str) -> Result<Self, DomainError> {
        let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits {
            code.parse::<u16>().ok()
        } else {
            None
        };
        number
            .filter(|number| TRADES.iter().any(|(known, _)| known == number))
            .map(Self)
            .ok_or(DomainError::UnknownCode { table: "trades" })
    }

    /// Every trade of the table, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        TRADES.iter().map(|(code, _)| Self(*code))
    }

    /// The code as the wire writes it: at least three digits.
    pub fn code(self) -> String {
        format!("{:03}", self.0)
    }

    /// The Chinese name.
    pub fn text(self) -> &'static str {
        TRADES
            .iter()
            .find(|(code, _)| *code == self.0)
            .map_or("其他", |(_, text)| text)
    }
}

/// workRole of the national table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// 10 管理人员.
    Manager,
    /// 20 建筑工人.
    Worker,
}

impl Role {
    /// The code of the national table.
    pub fn code(self) -> &'static str {
        match self {
            Self::Manager => "10",
            Self::Worker => "20",
        }
    }

    /// Reads a code of the national table.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "10" => Some(Self::Manager),
            "20" => Some(Self::Worker),
            _ => None,
        }
    }
}

/// A labor contract or written agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Day of signing.
    pub signed_on: Date,
    /// Last day; `None` when it runs until the work is done.
    pub until: Option<Date>,
}

/// Kind of training, trainingTypeCode of the national table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrainingKind {
    /// 003001 安全教育.
    Safety,
    /// 003002 入场教育.
    Entry,
    /// 003003 退场教育.
    Exit,
    /// 003004 技能培训.
    Skill,
}

impl TrainingKind {
    /// The code of the national table.
    pub fn code(self) -> &'static str {
        match self {
            Self::Safety => "003001",
            Self::Entry => "003002",
            Self::Exit => "003003",
            Self::Skill => "003004",
        }
    }

    /// Reads a code of the national table.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Safety, Self::Entry, Self::Exit, Self::Skill]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    /// Whether it is one that opens the gate: safety (三级教育) or entry training.
    pub fn opens_gate(self) -> bool {
        matches!(self, Self::Safety | Self::Entry)
    }
}

/// One finished training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// What was taught.
    pub kind: TrainingKind,
    /// The day.
    pub on: Date,
    /// Length in hours.
    pub hours: u16,
}

/// Everything about one worker that a rule may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerStanding {
    /// The box's number for the worker.
    pub worker: WorkerId,
    /// Name on the roster.
    pub name: PersonName,
    /// Identity number.
    pub number: IdNumber,
    /// Sex on the roster.
    pub sex: Sex,
    /// Birth date on the roster.
    pub born: Date,
    /// Who hires; `None` until assigned.
    pub employer: Option<EmployerId>,
    /// The crew; `None` until assigned.
    pub team: Option<TeamId>,
    /// The craft.
    pub trade: Trade,
    /// Manager or worker.
    pub role: Role,
    /// First day of the engagement; `None` when registered and not yet entered.
    pub entered_on: Option<Date>,
    /// The day the worker left the project: from that day on he is refused.
    pub left_on: Option<Date>,
    /// Contract in force.
    pub contract: Option<Contract>,
    /// Finished trainings.
    pub trainings: Vec<Training>,
    /// Last day of the health certificate.
    pub health_certificate_until: Option<Date>,
    /// Certificates of special trades.
    pub certificates: Vec<CertificateTerm>,
    /// Barred from the site.
    pub blacklisted: bool,
    /// Last day of the identity document as registered; `None` when long-term or unknown.
    pub document_valid_to: Option<Date>,
    /// His IC card.
    pub ic_card: Option<IcNumber>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_keep_their_national_codes() {
        assert_eq!(Trade::parse("030").unwrap().text(), "架子工");
        assert_eq!(Trade::parse("30").unwrap().code(), "030");
        assert_eq!(Trade::parse("1000").unwrap(), Trade::OTHER);
        for bad in ["", "260", "370", "+30", "99999999"] {
            assert_eq!(
                Trade::parse(bad),
                Err(DomainError::UnknownCode { table: "trades" })
            );
        }
    }
}
