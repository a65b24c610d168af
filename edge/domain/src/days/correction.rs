//! 补卡: a movement that no gate recorded, asked for by one person and approved by another.
//!
//! A correction is a movement of its own beside the gate's records, never a change of one. It counts
//! for a day's hours from its approval on and stays marked. It says nothing about who is inside: that
//! is for the gate to know, and for a roll call too important to be written by hand.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::worker_day::work_date;
use crate::ids::{Direction, WorkerId};
use crate::policy::Policy;
use crate::worker::WorkerStanding;

/// Two movements the same way within ten minutes are one: nobody leaves twice in that time.
const SAME_MOVEMENT_MS: i64 = 600_000;
/// Corrections of one worker in one month from which somebody should look into why.
pub const CORRECTIONS_MONTH_NOTED: u32 = 4;
/// Letters or digits that a note has at least: less explains nothing.
const NOTE_LETTERS_MIN: usize = 4;
/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 200;

/// Why there is no record of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CorrectionReason {
    /// 忘打卡.
    ForgotCard,
    /// 设备故障.
    DeviceFault,
    /// 断电.
    PowerCut,
    /// 误识别.
    Misread,
    /// 脸部受伤.
    FaceInjury,
    /// 其他.
    Other,
}

impl CorrectionReason {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 6] = [
        Self::ForgotCard,
        Self::DeviceFault,
        Self::PowerCut,
        Self::Misread,
        Self::FaceInjury,
        Self::Other,
    ];

    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::ForgotCard => "forgot_card",
            Self::DeviceFault => "device_fault",
            Self::PowerCut => "power_cut",
            Self::Misread => "misread",
            Self::FaceInjury => "face_injury",
            Self::Other => "other",
        }
    }

    /// The word on forms and papers.
    pub fn text(self) -> &'static str {
        match self {
            Self::ForgotCard => "忘打卡",
            Self::DeviceFault => "设备故障",
            Self::PowerCut => "断电",
            Self::Misread => "误识别",
            Self::FaceInjury => "脸部受伤",
            Self::Other => "其他",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What speaks for a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What happened and who saw it.
    pub note: String,
    /// SHA-256 of a picture or document that the box keeps, lower-case hexadecimal.
    pub file: Option<String>,
    /// Its media type.
    pub file_kind: Option<String>,
}

/// A request for a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionRequest {
    /// Its number at this box, from 1.
    pub request: u32,
    /// The worker.
    pub worker: WorkerId,
    /// Which way he went.
    pub direction: Direction,
    /// When he went, Unix ms.
    pub at_ms: i64,
    /// Why there is no record of the gate.
    pub reason: CorrectionReason,
    /// The account that asks.
    pub requester: String,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// An approved request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Number of the request.
    pub request: u32,
    /// The worker.
    pub worker: WorkerId,
    /// Which way he went.
    pub direction: Direction,
    /// When he went, Unix ms.
    pub at_ms: i64,
    /// Why there is no record of the gate.
    pub reason: CorrectionReason,
    /// The account that asked.
    pub requester: String,
    /// When it asked, Unix ms.
    pub requested_ms: i64,
    /// The account that approved.
    pub approver: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrectionState {
    /// Nobody has decided.
    Waiting,
    /// It counts.
    Approved {
        /// The account that approved.
        by: String,
        /// When, Unix ms.
        at_ms: i64,
    },
    /// It does not.
    Refused {
        /// The account that refused.
        by: String,
        /// When, Unix ms.
        at_ms: i64,
        /// Why.
        why: String,
    },
}

/// A request with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionCase {
    /// What was asked for; the note is empty where it cannot be read any more.
    pub asked: CorrectionRequest,
    /// When, Unix ms.
    pub requested_ms: i64,
    /// What became of it.
    pub state: CorrectionState,
}

/// Why a correction cannot be asked for, or not be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionFault {
    /// The moment has not come yet.
    InFuture,
    /// The worker did not belong to the site on that day.
    NotEngaged,
    /// The month's sheets are closed.
    MonthClosed {
        /// First day of the month.
        first: Date,
    },
    /// The gate recorded that movement, or a correction stands for it already.
    SameMovement {
        /// When, Unix ms.
        at_ms: i64,
    },
    /// Another request for that movement waits.
    AskedAlready {
        /// Its number.
        request: u32,
    },
    /// The note explains nothing.
    NoteEmpty,
    /// The note is too long.
    NoteLong,
    /// Who asked must not approve.
    SamePerson,
    /// It is decided.
    Decided,
}

/// What is known of the worker around the moment.
#[derive(Debug)]
pub struct CorrectionFacts<'a> {
    /// The worker.
    pub standing: &'a WorkerStanding,
    /// His movements that count, the way of the request, Unix ms: punches and corrections.
    pub moved_ms: &'a [i64],
    /// Requests that wait, of this worker and way: number and moment.
    pub waiting: &'a [(u32, i64)],
    /// First days of the months that are closed.
    pub closed: &'a BTreeSet<Date>,
    /// Now, Unix ms.
    pub now_ms: i64,
}

/// Whether a movement may be asked for, or still be approved: a request does not stand in its own way.
///
/// # Errors
/// The first rule that speaks against it.
pub fn check_correction(
    asked: &CorrectionRequest,
    facts: &CorrectionFacts<'_>,
    policy: &Policy,
) -> Result<(), CorrectionFault> {
    check_note(&asked.evidence.note)?;
    if asked.at_ms > facts.now_ms {
        return Err(CorrectionFault::InFuture);
    }
    let on = work_date(asked.at_ms, policy);
    let (entered, left) = (facts.standing.entered_on, facts.standing.left_on);
    if entered.is_none_or(|entered| on < entered) || left.is_some_and(|left| on > left) {
        return Err(CorrectionFault::NotEngaged);
    }
    let first = on.first_of_month();
    if facts.closed.contains(&first) {
        return Err(CorrectionFault::MonthClosed { first });
    }
    let is_same = |at_ms: i64| asked.at_ms.abs_diff(at_ms) < SAME_MOVEMENT_MS.unsigned_abs();
    if let Some(at_ms) = facts.moved_ms.iter().copied().find(|at_ms| is_same(*at_ms)) {
        return Err(CorrectionFault::SameMovement { at_ms });
    }
    let other = |(request, at_ms): &&(u32, i64)| *request != asked.request && is_same(*at_ms);
    match facts.waiting.iter().find(other) {
        Some((request, _)) => Err(CorrectionFault::AskedAlready { request: *request }),
        None => Ok(()),
    }
}

/// A note says something: letters, not one of them again and again.
fn check_note(note: &str) -> Result<(), CorrectionFault> {
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(CorrectionFault::NoteLong);
    }
    let letters: Vec<char> = note.chars().filter(|one| one.is_alphanumeric()).collect();
    let different: BTreeSet<char> = letters.iter().copied().collect();
    let is_words = letters.iter().any(|one| !one.is_numeric());
    if letters.len() < NOTE_LETTERS_MIN || different.len() < 3 || !is_words {
        return Err(CorrectionFault::NoteEmpty);
    }
    Ok(())
}

/// Whether `approver` may decide: nobody decides on what he asked for himself, and nobody twice.
///
/// # Errors
/// The rule that speaks against it.
pub fn check_decider(case: &CorrectionCase, approver: &str) -> Result<(), CorrectionFault> {
    if case.state != CorrectionState::Waiting {
        return Err(CorrectionFault::Decided);
    }
    if case.asked.requester.trim() == approver.trim() {
        return Err(CorrectionFault::SamePerson);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::id_number::{IdNumber, Sex};
    use crate::person::PersonName;
    use crate::worker::{Role, Trade};

    /// 2026-11-20T18:00 in Shanghai.
    const SIX: i64 = 1_795_168_800_000;
    const MINUTE: i64 = 60_000;

    fn standing() -> WorkerStanding {
        let number = IdNumber::parse("349901199003070016").unwrap();
        WorkerStanding {
            worker: WorkerId(17),
            name: PersonName::parse("张建国").unwrap(),
            sex: Sex::Male,
            born: date(1990, 3, 7),
            number,
            employer: None,
            team: None,
            trade: Trade::parse("020").unwrap(),
            role: Role::Worker,
            entered_on: Some(date(2026, 11, 1)),
            left_on: None,
            contract: None,
            trainings: Vec::new(),
            health_certificate_until: None,
            certificates: Vec::new(),
            blacklisted: false,
            document_valid_to: None,
            ic_card: None,
        }
    }

    fn asked(at_ms: i64, note: &str) -> CorrectionRequest {
        CorrectionRequest {
            request: 9,
            worker: WorkerId(17),
            direction: Direction::Out,
            at_ms,
            reason: CorrectionReason::ForgotCard,
            requester: "李工".to_owned(),
            evidence: Evidence {
                note: note.to_owned(),
                file: None,
                file_kind: None,
            },
        }
    }

    struct Known {
        standing: WorkerStanding,
        moved_ms: Vec<i64>,
        waiting: Vec<(u32, i64)>,
        closed: BTreeSet<Date>,
        now_ms: i64,
    }

    fn known() -> Known {
        Known {
            standing: standing(),
            moved_ms: Vec::new(),
            waiting: Vec::new(),
            closed: BTreeSet::new(),
            now_ms: SIX + 86_400_000,
        }
    }

    fn judge(asked: &CorrectionRequest, known: &Known) -> Result<(), CorrectionFault> {
        let facts = CorrectionFacts {
            standing: &known.standing,
            moved_ms: &known.moved_ms,
            waiting: &known.waiting,
            closed: &known.closed,
            now_ms: known.now_ms,
        };
        check_correction(asked, &facts, &Policy::anhui())
    }

    const NOTE: &str = "班长看见他下班走东门";

    #[test]
    fn the_same_movement_is_never_counted_twice() {
        let six = asked(SIX, NOTE);
        assert_eq!(judge(&six, &known()), Ok(()));
        for (apart, is_same) in [(0, true), (-9, true), (9, true), (10, false), (-10, false)] {
            let at_ms = SIX + apart * MINUTE;
            let mut moved = known();
            moved.moved_ms = vec![at_ms];
            let expected = is_same.then_some(CorrectionFault::SameMovement { at_ms });
            assert_eq!(judge(&six, &moved).err(), expected, "{apart} minutes");
            let mut waits = known();
            waits.waiting = vec![(4, at_ms)];
            let expected = is_same.then_some(CorrectionFault::AskedAlready { request: 4 });
            assert_eq!(judge(&six, &waits).err(), expected, "{apart} minutes");
        }
        // Its own request does not stand in the way of its approval.
        let mut own = known();
        own.waiting = vec![(9, SIX)];
        assert_eq!(judge(&six, &own), Ok(()));
    }

    #[test]
    fn nothing_that_has_not_happened_and_nobody_who_was_not_here() {
        let mut early = known();
        early.now_ms = SIX - 1;
        let six = asked(SIX, NOTE);
        assert_eq!(judge(&six, &early), Err(CorrectionFault::InFuture));
        for (entered, left) in [
            (None, None),
            (Some(date(2026, 11, 21)), None),
            (Some(date(2026, 11, 1)), Some(date(2026, 11, 19))),
        ] {
            let mut other = known();
            other.standing.entered_on = entered;
            other.standing.left_on = left;
            assert_eq!(judge(&six, &other), Err(CorrectionFault::NotEngaged));
        }
        let mut last_day = known();
        last_day.standing.left_on = Some(date(2026, 11, 20));
        assert_eq!(judge(&six, &last_day), Ok(()));
    }

    #[test]
    fn a_closed_month_stays_closed_up_to_the_hour_where_days_begin() {
        let mut november = known();
        november.closed = BTreeSet::from([date(2026, 11, 1)]);
        november.now_ms = i64::MAX;
        let first = date(2026, 11, 1);
        let closed = Err(CorrectionFault::MonthClosed { first });
        assert_eq!(judge(&asked(SIX, NOTE), &november), closed);
        // 2026-12-01T03:59 is still the night of the last day of November, 04:00 is December.
        let december = 1_796_068_800_000;
        assert_eq!(judge(&asked(december - 1, NOTE), &november), closed);
        assert_eq!(judge(&asked(december, NOTE), &november), Ok(()));
    }

    #[test]
    fn a_reason_says_something() {
        for empty in [
            "",
            "   ",
            "忘了",
            "....",
            "啊啊啊啊啊",
            "12345678",
            "补卡补卡补",
        ] {
            let fault = judge(&asked(SIX, empty), &known());
            assert_eq!(fault, Err(CorrectionFault::NoteEmpty), "{empty:?}");
        }
        assert_eq!(judge(&asked(SIX, "忘记带卡"), &known()), Ok(()));
        let long = "长话短说".repeat(51);
        assert_eq!(
            judge(&asked(SIX, &long), &known()),
            Err(CorrectionFault::NoteLong)
        );
    }

    #[test]
    fn who_asks_does_not_approve_and_nobody_decides_twice() {
        let mut case = CorrectionCase {
            asked: asked(SIX, NOTE),
            requested_ms: SIX,
            state: CorrectionState::Waiting,
        };
        assert_eq!(check_decider(&case, "王敏"), Ok(()));
        for own in ["李工", " 李工 "] {
            assert_eq!(check_decider(&case, own), Err(CorrectionFault::SamePerson));
        }
        case.state = CorrectionState::Approved {
            by: "王敏".to_owned(),
            at_ms: SIX,
        };
        assert_eq!(check_decider(&case, "赵总"), Err(CorrectionFault::Decided));
    }

    #[test]
    fn every_reason_is_read_from_its_code() {
        for reason in CorrectionReason::ALL {
            assert_eq!(CorrectionReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(CorrectionReason::from_code("because"), None);
    }
}
