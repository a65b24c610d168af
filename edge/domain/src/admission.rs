//! Who passes: one table of rules, asked from top to bottom.
//!
//! On the way in the first rule that refuses decides. On the way out nothing refuses: the same
//! rule becomes the recorded reason. While the clock is unset, a rule that rests on a date alone
//! flags instead of refusing; dates are then compared with the clock's floor.

use jiff::civil::Date;

use crate::credential::{Credential, IdDocument, UnreadableCard};
use crate::denial::{Denial, Flag};
use crate::face::{FaceFinding, NoFace};
use crate::id_number::Sex;
use crate::ids::{Direction, LaneId};
use crate::papers::CertificateTerm;
use crate::policy::{AgeEffect, AntiPassback, Policy, Requirement, Visitors};
use crate::presence::{Presence, Repeat};
use crate::time::{ClockQuality, Moment, age_on};
use crate::visits::Visit;
use crate::worker::WorkerStanding;

/// Everything a rule may ask about one presentation.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// What was presented.
    pub credential: &'a Credential,
    /// The holder's standing, when on the roster.
    pub standing: Option<&'a WorkerStanding>,
    /// The visit, where the holder is a visitor: then he has no standing.
    pub visit: Option<&'a Visit>,
    /// Where.
    pub lane: &'a LaneId,
    /// Which way.
    pub direction: Direction,
    /// When.
    pub now: Moment,
    /// The numbers.
    pub policy: &'a Policy,
    /// Who is inside.
    pub presence: &'a Presence,
    /// Whether the card may be that of several workers.
    pub ambiguous: bool,
    /// What the camera found about a card's holder; `None` without a camera.
    pub face: Option<FaceFinding>,
}

/// The answer to one presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The gate opens.
    Granted {
        /// On the way out: the rule that would have refused an entry.
        despite: Option<Denial>,
        /// Marks for the record and the clerk.
        flags: Vec<Flag>,
    },
    /// The gate stays closed. Never on the way out.
    Denied(Denial),
}

/// What one rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    Clear,
    Warn,
    Refuse,
}

/// What a refusal rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// Facts: holds whatever the time.
    Fact,
    /// A comparison with today: with an unset clock it only flags.
    Date,
}

/// One row of the table.
struct Rule {
    denial: Denial,
    ground: Ground,
    test: fn(&Applicant<'_>) -> Finding,
}

/// The youngest age on any site; the law knows no exception (禁止使用童工规定).
pub const AGE_MIN: u8 = 16;

/// The table. Rules about papers ask only for people on the roster.
const RULES: [Rule; 22] = [
    Rule {
        denial: Denial::UnreadableCard,
        ground: Ground::Fact,
        test: unreadable,
    },
    Rule {
        denial: Denial::InvalidDocument,
        ground: Ground::Fact,
        test: invalid,
    },
    Rule {
        denial: Denial::UnderSixteen,
        ground: Ground::Date,
        test: under_sixteen,
    },
    Rule {
        denial: Denial::CardAmbiguous,
        ground: Ground::Fact,
        test: ambiguous,
    },
    Rule {
        denial: Denial::NotOnRoster,
        ground: Ground::Fact,
        test: stranger,
    },
    Rule {
        denial: Denial::VisitOver,
        ground: Ground::Fact,
        test: visit_over,
    },
    Rule {
        denial: Denial::VisitorRefused,
        ground: Ground::Fact,
        test: no_visitors,
    },
    Rule {
        denial: Denial::Blacklisted,
        ground: Ground::Fact,
        test: blacklisted,
    },
    Rule {
        denial: Denial::LeftSite,
        ground: Ground::Fact,
        test: left,
    },
    Rule {
        denial: Denial::NotEntered,
        ground: Ground::Fact,
        test: never_entered,
    },
    Rule {
        denial: Denial::NotEntered,
        ground: Ground::Date,
        test: enters_later,
    },
    Rule {
        denial: Denial::AgeRefused,
        ground: Ground::Date,
        test: age,
    },
    Rule {
        denial: Denial::HealthCertificate,
        ground: Ground::Date,
        test: health_certificate,
    },
    Rule {
        denial: Denial::TrainingMissing,
        ground: Ground::Fact,
        test: untrained,
    },
    Rule {
        denial: Denial::ContractMissing,
        ground: Ground::Fact,
        test: no_contract,
    },
    Rule {
        denial: Denial::ContractEnded,
        ground: Ground::Date,
        test: contract_ended,
    },
    Rule {
        denial: Denial::DocumentExpired,
        ground: Ground::Date,
        test: document_expired,
    },
    Rule {
        denial: Denial::CertificateMissing,
        ground: Ground::Fact,
        test: no_certificate,
    },
    Rule {
        denial: Denial::CertificateEnded,
        ground: Ground::Date,
        test: certificate_ended,
    },
    Rule {
        denial: Denial::AntiPassback,
        ground: Ground::Date,
        test: anti_passback,
    },
    Rule {
        denial: Denial::FaceDiffers,
        ground: Ground::Fact,
        test: another_face,
    },
    Rule {
        denial: Denial::FaceUnchecked,
        ground: Ground::Fact,
        test: no_face,
    },
];

/// Decides one presentation.
pub fn decide(applicant: &Applicant<'_>) -> Decision {
    let mut refused = None;
    let mut flags = Vec::new();
    for rule in &RULES {
        let finding = match ((rule.test)(applicant), rule.ground) {
            (Finding::Refuse, Ground::Date) if !applicant.knows_date() => Finding::Warn,
            (finding, _) => finding,
        };
        match finding {
            Finding::Clear => {}
            Finding::Refuse if refused.is_none() => refused = Some(rule.denial),
            Finding::Refuse | Finding::Warn => flags.push(Flag::Warned(rule.denial)),
        }
    }
    match (refused, applicant.direction) {
        (Some(denial), Direction::In) => Decision::Denied(denial),
        (despite, Direction::In | Direction::Out) => {
            flags.extend(applicant.own_flags());
            Decision::Granted { despite, flags }
        }
    }
}

impl Applicant<'_> {
    fn document(&self) -> Option<&IdDocument> {
        self.credential.document()
    }

    /// The card's own word before the roster's.
    fn born(&self) -> Option<Date> {
        self.document()
            .map(|document| document.born)
            .or(self.standing.map(|standing| standing.born))
    }

    fn knows_date(&self) -> bool {
        self.now.quality != ClockQuality::Unset
    }

    fn today(&self) -> Date {
        self.now.date()
    }

    fn sex(&self, standing: &WorkerStanding) -> Sex {
        match self.document().map(|document| document.sex) {
            Some(Sex::Male) => Sex::Male,
            Some(Sex::Female) => Sex::Female,
            Some(Sex::Unstated) | None => standing.sex,
        }
    }

    fn age_effect(&self) -> AgeEffect {
        self.standing.map_or(AgeEffect::Allow, |standing| {
            let born = self.born().unwrap_or(standing.born);
            let age = age_on(born, self.today());
            self.policy
                .age_effect(self.sex(standing), standing.trade, age)
        })
    }

    fn own_flags(&self) -> impl Iterator<Item = Flag> {
        let differs = match (self.document(), self.standing) {
            (Some(document), Some(standing)) => !document.name.agrees_with(&standing.name),
            _ => false,
        };
        let uncertain =
            self.face == Some(FaceFinding::Uncertain) && self.direction == Direction::In;
        let flags = [
            (!self.knows_date(), Flag::ClockUnset),
            (differs, Flag::NameDiffers),
            (uncertain, Flag::FaceUncertain),
        ];
        flags
            .into_iter()
            .filter_map(|(holds, flag)| holds.then_some(flag))
    }
}

fn refuse_if(condition: bool) -> Finding {
    if condition {
        Finding::Refuse
    } else {
        Finding::Clear
    }
}

fn require(lacks: bool, requirement: Requirement) -> Finding {
    match requirement {
        Requirement::Required if lacks => Finding::Refuse,
        Requirement::Warned if lacks => Finding::Warn,
        Requirement::Required | Requirement::Warned | Requirement::Ignored => Finding::Clear,
    }
}

fn unreadable(one: &Applicant<'_>) -> Finding {
    refuse_if(matches!(
        one.credential,
        Credential::Unreadable {
            why: UnreadableCard::ReadFailed | UnreadableCard::Removed
        }
    ))
}

fn invalid(one: &Applicant<'_>) -> Finding {
    refuse_if(match one.credential {
        Credential::Unreadable { why } => *why == UnreadableCard::Invalid,
        Credential::IdCard(document) => document
            .check(one.knows_date().then(|| one.today()))
            .is_err(),
        Credential::IcCard(_) | Credential::Face { .. } => false,
    })
}

fn under_sixteen(one: &Applicant<'_>) -> Finding {
    let young = |born: Date| age_on(born, one.today()) < AGE_MIN;
    refuse_if(one.born().is_some_and(young))
}

fn ambiguous(one: &Applicant<'_>) -> Finding {
    refuse_if(one.ambiguous)
}

fn stranger(one: &Applicant<'_>) -> Finding {
    let named = !matches!(one.credential, Credential::Unreadable { .. });
    let known = one.standing.is_some() || one.visit.is_some();
    refuse_if(named && !known && !one.ambiguous)
}

fn visit_over(one: &Applicant<'_>) -> Finding {
    refuse_if(
        one.visit
            .is_some_and(|visit| visit.is_over(one.now.wall_ms)),
    )
}

fn no_visitors(one: &Applicant<'_>) -> Finding {
    refuse_if(one.visit.is_some() && one.policy.visitors == Visitors::Deny)
}

fn blacklisted(one: &Applicant<'_>) -> Finding {
    refuse_if(one.standing.is_some_and(|standing| standing.blacklisted))
}

/// An exit is an act on record, and the clock's floor lies in the future only where the ledger does:
/// a day of leaving that the floor has reached is over, so an unset clock does not soften this rule.
fn left(one: &Applicant<'_>) -> Finding {
    let left_on = one.standing.and_then(|standing| standing.left_on);
    refuse_if(left_on.is_some_and(|left_on| left_on <= one.today()))
}

fn never_entered(one: &Applicant<'_>) -> Finding {
    refuse_if(
        one.standing
            .is_some_and(|standing| standing.entered_on.is_none()),
    )
}

fn enters_later(one: &Applicant<'_>) -> Finding {
    let entered_on = one.standing.and_then(|standing| standing.entered_on);
    refuse_if(entered_on.is_some_and(|entered_on| entered_on > one.today()))
}

fn age(one: &Applicant<'_>) -> Finding {
    match one.age_effect() {
        AgeEffect::Deny => Finding::Refuse,
        AgeEffect::Warn => Finding::Warn,
        AgeEffect::Allow | AgeEffect::HealthCertificate => Finding::Clear,
    }
}

/// A certificate that ends more than a year ahead is no yearly one and does not count.
fn health_certificate(one: &Applicant<'_>) -> Finding {
    if one.age_effect() != AgeEffect::HealthCertificate {
        return Finding::Clear;
    }
    let until = one
        .standing
        .and_then(|standing| standing.health_certificate_until);
    refuse_if(!until.is_some_and(|until| {
        let days = (until - one.today()).get_days();
        (0..=i32::from(one.policy.health_certificate_days_max)).contains(&days)
    }))
}

fn untrained(one: &Applicant<'_>) -> Finding {
    let lacks = one.standing.is_some_and(|standing| {
        let mut trainings = standing.trainings.iter();
        !trainings.any(|training| training.kind.opens_gate())
    });
    require(lacks, one.policy.training)
}

fn no_contract(one: &Applicant<'_>) -> Finding {
    let lacks = one
        .standing
        .is_some_and(|standing| standing.contract.is_none());
    require(lacks, one.policy.contract)
}

fn contract_ended(one: &Applicant<'_>) -> Finding {
    let until = one.standing.and_then(|standing| standing.contract?.until);
    require(
        until.is_some_and(|until| until < one.today()),
        one.policy.contract,
    )
}

fn document_expired(one: &Applicant<'_>) -> Finding {
    let valid_to = one.standing.and_then(|standing| {
        one.document()
            .map_or(standing.document_valid_to, |document| document.valid_to)
    });
    let expired = valid_to.is_some_and(|valid_to| valid_to < one.today());
    require(expired, one.policy.document_validity)
}

/// What somebody whose trade needs a certificate has of that kind.
fn fitting_certificates<'a>(one: &Applicant<'a>) -> Option<Vec<&'a CertificateTerm>> {
    let standing = one.standing?;
    let kinds = one.policy.special_trades.get(&standing.trade)?;
    let held = standing.certificates.iter();
    Some(held.filter(|held| kinds.contains(&held.kind)).collect())
}

fn no_certificate(one: &Applicant<'_>) -> Finding {
    let lacks = fitting_certificates(one).is_some_and(|fitting| fitting.is_empty());
    require(lacks, one.policy.certificate)
}

fn certificate_ended(one: &Applicant<'_>) -> Finding {
    let fitting = fitting_certificates(one).unwrap_or_default();
    let longest = fitting.iter().map(|held| held.until).max();
    require(
        longest.is_some_and(|until| until < one.today()),
        one.policy.certificate,
    )
}

/// It rests on the age of the last movement: where one of the two times is not to be believed,
/// nobody is refused for it.
fn anti_passback(one: &Applicant<'_>) -> Finding {
    let repeat = one.standing.and_then(|standing| {
        one.presence.breaks_anti_passback(
            standing.worker,
            one.direction,
            &one.now,
            one.policy.presence_ms_max(),
        )
    });
    let Some(repeat) = repeat else {
        return Finding::Clear;
    };
    match (one.policy.anti_passback_of(one.lane), one.direction, repeat) {
        (AntiPassback::Off, ..) => Finding::Clear,
        (AntiPassback::Hard, Direction::In, Repeat::Sure) => Finding::Refuse,
        (AntiPassback::Soft | AntiPassback::Hard, ..) => Finding::Warn,
    }
}

fn another_face(one: &Applicant<'_>) -> Finding {
    refuse_if(one.face == Some(FaceFinding::Other))
}

/// On the way out nobody looks at whether the camera was able to see.
fn no_face(one: &Applicant<'_>) -> Finding {
    match (one.face, one.direction, one.policy.face.no_face) {
        (Some(FaceFinding::NoFace), Direction::In, NoFace::Open) => Finding::Warn,
        (Some(FaceFinding::NoFace), Direction::In, NoFace::AskGuard) => Finding::Refuse,
        _ => Finding::Clear,
    }
}
