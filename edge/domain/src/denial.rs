//! Refusals and flags: stable codes, Chinese words for the screen, voice lines.

/// Why a presentation is refused. The code is stored and sent: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denial {
    /// The card could not be read.
    UnreadableCard,
    /// The document contradicts itself or its number is invalid.
    InvalidDocument,
    /// Not on the roster.
    NotOnRoster,
    /// A visitor whose time is over.
    VisitOver,
    /// A visitor, and the site lets none in.
    VisitorRefused,
    /// On the blacklist.
    Blacklisted,
    /// Under 16: unconditional (禁止使用童工规定).
    UnderSixteen,
    /// Registered, but the engagement has not begun.
    NotEntered,
    /// Left the project.
    LeftSite,
    /// Age does not suit the trade by policy.
    AgeRefused,
    /// Age needs a health certificate of at most one year, and none is in force.
    HealthCertificate,
    /// Safety training not finished.
    TrainingMissing,
    /// No contract.
    ContractMissing,
    /// Contract ended.
    ContractEnded,
    /// Identity document expired.
    DocumentExpired,
    /// The trade needs a certificate, and none for it is registered.
    CertificateMissing,
    /// The trade needs a certificate, and all for it have expired.
    CertificateEnded,
    /// Already inside (or already outside) by the records.
    AntiPassback,
    /// An IC card whose reading fits several workers.
    CardAmbiguous,
    /// The camera clearly saw another person than the card's holder.
    FaceDiffers,
    /// The camera saw no usable face, and policy asks for a guard's look.
    FaceUnchecked,
    /// Too many people wait in this lane.
    LaneBusy,
    /// The ledger cannot commit.
    LedgerFault,
}

/// The words of one denial.
struct Words {
    code: &'static str,
    reason: &'static str,
    next_step: &'static str,
    voice: &'static str,
}

const fn words(
    code: &'static str,
    reason: &'static str,
    next_step: &'static str,
    voice: &'static str,
) -> Words {
    Words {
        code,
        reason,
        next_step,
        voice,
    }
}

const CARD_AMBIGUOUS: Words = words(
    "card_ambiguous",
    "卡号与他人重复",
    "请改刷身份证",
    "卡号重复，请刷身份证",
);

const VISIT_OVER: Words = words(
    "visit_over",
    "访客时间已到",
    "请找门卫重新登记",
    "访客时间已到，请找门卫",
);

const VISITOR_REFUSED: Words = words(
    "visitor_refused",
    "本工地不接待访客",
    "请找门卫",
    "不接待访客，请找门卫",
);

const FACE_DIFFERS: Words = words(
    "face_differs",
    "人证不一致",
    "请找门卫核实",
    "人证不一致，请找门卫",
);

const FACE_UNCHECKED: Words = words(
    "face_unchecked",
    "未能比对人脸",
    "请看镜头或找门卫",
    "请看镜头，或找门卫",
);

const CERTIFICATE_MISSING: Words = clerk(
    "certificate_missing",
    "缺特种作业操作证",
    "缺特种作业证，请找劳资员",
);

const CERTIFICATE_ENDED: Words = clerk(
    "certificate_ended",
    "特种作业证已过期",
    "特种作业证过期，请找劳资员",
);

/// A denial that the labor clerk can lift.
const fn clerk(code: &'static str, reason: &'static str, voice: &'static str) -> Words {
    words(code, reason, "请找劳资专管员", voice)
}

impl Denial {
    /// Every denial, in the order in which rules are asked.
    pub const ALL: [Self; 23] = [
        Self::UnreadableCard,
        Self::InvalidDocument,
        Self::UnderSixteen,
        Self::CardAmbiguous,
        Self::NotOnRoster,
        Self::VisitOver,
        Self::VisitorRefused,
        Self::Blacklisted,
        Self::LeftSite,
        Self::NotEntered,
        Self::AgeRefused,
        Self::HealthCertificate,
        Self::TrainingMissing,
        Self::ContractMissing,
        Self::ContractEnded,
        Self::DocumentExpired,
        Self::CertificateMissing,
        Self::CertificateEnded,
        Self::AntiPassback,
        Self::FaceDiffers,
        Self::FaceUnchecked,
        Self::LaneBusy,
        Self::LedgerFault,
    ];

    fn words(self) -> Words {
        match self {
            Self::UnreadableCard => {
                words("unreadable_card", "读卡失败", "请再刷一次", "请再刷一次")
            }
            Self::InvalidDocument => {
                clerk("invalid_document", "证件信息有误", "证件有误，请找劳资员")
            }
            Self::UnderSixteen => words(
                "under_sixteen",
                "未满16周岁",
                "禁止进入施工现场",
                "未满十六周岁，禁止进场",
            ),
            Self::CardAmbiguous => CARD_AMBIGUOUS,
            Self::NotOnRoster => clerk("not_on_roster", "未登记", "未登记，请找劳资员"),
            Self::VisitOver => VISIT_OVER,
            Self::VisitorRefused => VISITOR_REFUSED,
            Self::Blacklisted => words("blacklisted", "禁止进场", "请联系项目部", "禁止进场"),
            Self::LeftSite => clerk("left_site", "已退场", "已退场，请找劳资员"),
            Self::NotEntered => clerk("not_entered", "未办理进场", "未办理进场，请找劳资员"),
            Self::AgeRefused => clerk("age_refused", "年龄不符合岗位要求", "年龄不符，请找劳资员"),
            Self::HealthCertificate => {
                clerk("health_certificate", "缺一年内健康证明", "请补交健康证明")
            }
            Self::TrainingMissing => words(
                "training_missing",
                "未完成三级教育",
                "请到安全部",
                "未培训，请到安全部",
            ),
            Self::ContractMissing => {
                clerk("contract_missing", "未签劳动合同", "未签合同，请找劳资员")
            }
            Self::ContractEnded => {
                clerk("contract_ended", "劳动合同已到期", "合同到期，请找劳资员")
            }
            Self::DocumentExpired => words(
                "document_expired",
                "身份证件已过期",
                "请换领新证",
                "证件已过期",
            ),
            Self::CertificateMissing => CERTIFICATE_MISSING,
            Self::CertificateEnded => CERTIFICATE_ENDED,
            Self::AntiPassback => words(
                "anti_passback",
                "进出记录不符",
                "请找门卫核实",
                "重复进出，请找门卫",
            ),
            Self::FaceDiffers => FACE_DIFFERS,
            Self::FaceUnchecked => FACE_UNCHECKED,
            Self::LaneBusy => words("lane_busy", "前面有人", "请稍候再刷", "请稍候再刷"),
            Self::LedgerFault => words(
                "ledger_fault",
                "设备无法记录",
                "请找门卫登记",
                "设备故障，请找门卫",
            ),
        }
    }

    /// The stable code of the record body.
    pub fn code(self) -> &'static str {
        self.words().code
    }

    /// The reason in large characters on the gate's screen.
    pub fn reason(self) -> &'static str {
        self.words().reason
    }

    /// What the refused person does next.
    pub fn next_step(self) -> &'static str {
        self.words().next_step
    }

    /// What the gate says aloud.
    pub fn voice(self) -> &'static str {
        self.words().voice
    }

    /// Reads a code of a record body.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|denial| denial.code() == code)
    }
}

/// A mark on a granted presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// A rule that would refuse, but policy only warns, or the clock is unset, or a second rule
    /// was broken on the way out.
    Warned(Denial),
    /// The decision was made with an unset clock.
    ClockUnset,
    /// The name on the card differs from the roster.
    NameDiffers,
    /// The camera could not tell whether the face is the card holder's: somebody looks at it.
    FaceUncertain,
    /// Card and face differed for this worker's card several times on this day.
    MismatchAlert,
}

impl Flag {
    /// The stable code of the record body. A warned rule keeps its denial's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Warned(denial) => denial.code(),
            Self::ClockUnset => "clock_unset",
            Self::NameDiffers => "name_differs",
            Self::FaceUncertain => "face_uncertain",
            Self::MismatchAlert => "mismatch_alert",
        }
    }

    /// The words for the clerk.
    pub fn text(self) -> &'static str {
        match self {
            Self::Warned(Denial::AgeRefused) => "年龄需关注",
            Self::Warned(Denial::FaceUnchecked) => "未比对",
            Self::Warned(denial) => denial.reason(),
            Self::ClockUnset => "时钟未校准",
            Self::NameDiffers => "姓名与花名册不一致",
            Self::FaceUncertain => "人脸待核",
            Self::MismatchAlert => "当日多次人证不一致",
        }
    }

    /// Reads a code of a record body.
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::ClockUnset,
            Self::NameDiffers,
            Self::FaceUncertain,
            Self::MismatchAlert,
        ]
        .into_iter()
        .find(|flag| flag.code() == code)
        .or_else(|| Denial::from_code(code).map(Self::Warned))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        let codes: BTreeSet<&str> = Denial::ALL.iter().map(|denial| denial.code()).collect();
        assert_eq!(codes.len(), Denial::ALL.len());
        for denial in Denial::ALL {
            assert_eq!(Denial::from_code(denial.code()), Some(denial));
            assert_eq!(Flag::from_code(denial.code()), Some(Flag::Warned(denial)));
        }
        assert_eq!(Flag::from_code("clock_unset"), Some(Flag::ClockUnset));
        for flag in [Flag::NameDiffers, Flag::FaceUncertain, Flag::MismatchAlert] {
            assert_eq!(Flag::from_code(flag.code()), Some(flag));
        }
        assert_eq!(Flag::from_code("no_such_code"), None);
    }

    #[test]
    fn every_denial_fits_the_screen_and_says_what_to_do() {
        for denial in Denial::ALL {
            let words = [denial.reason(), denial.next_step(), denial.voice()];
            assert!(words.iter().all(|text| !text.is_empty()), "{denial:?}");
            assert!(denial.reason().chars().count() <= 10, "{denial:?}");
            assert!(denial.next_step().chars().count() <= 14, "{denial:?}");
        }
        assert_eq!(Denial::TrainingMissing.reason(), "未完成三级教育");
        assert_eq!(Denial::TrainingMissing.next_step(), "请到安全部");
    }
}
