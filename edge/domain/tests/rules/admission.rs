//! One test per row of the table of who passes.

use edge_domain::*;
use jiff::civil::date;

use crate::fixtures::*;

/// One case, changed by each test from a worker who meets every condition.
pub(crate) struct Case {
    credential: Credential,
    standing: Option<WorkerStanding>,
    policy: Policy,
    presence: Presence,
    now: Moment,
    ambiguous: bool,
    face: Option<FaceFinding>,
}

impl Case {
    pub(crate) fn good() -> Self {
        Self::of(ZHANG)
    }

    pub(crate) fn of(number: &str) -> Self {
        Self {
            credential: card(number),
            standing: Some(standing(1, number)),
            policy: Policy::anhui(),
            presence: Presence::new(),
            now: moment(0),
            ambiguous: false,
            face: None,
        }
    }

    pub(crate) fn worker(change: impl FnOnce(&mut WorkerStanding)) -> Self {
        let mut case = Self::good();
        case.standing.as_mut().map(change).unwrap();
        case
    }

    fn document(change: impl FnOnce(&mut IdDocument)) -> Self {
        let mut case = Self::good();
        let mut changed = document(ZHANG);
        change(&mut changed);
        case.credential = Credential::IdCard(changed);
        case
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    fn seen(mut self, found: FaceFinding) -> Self {
        self.face = Some(found);
        self
    }

    pub(crate) fn clock_unset(mut self) -> Self {
        self.now.quality = ClockQuality::Unset;
        self
    }

    fn decide(&self, direction: Direction) -> Decision {
        decide(&Applicant {
            credential: &self.credential,
            standing: self.standing.as_ref(),
            visit: None,
            lane: &lane_id(),
            direction,
            now: self.now,
            policy: &self.policy,
            presence: &self.presence,
            ambiguous: self.ambiguous,
            face: self.face,
        })
    }

    /// Closed on the way in with this denial, open on the way out with the same reason.
    pub(crate) fn refuses(&self, denial: Denial) {
        assert_eq!(self.decide(Direction::In), Decision::Denied(denial));
        match self.decide(Direction::Out) {
            Decision::Granted { despite, .. } => assert_eq!(despite, Some(denial)),
            Decision::Denied(denial) => panic!("refused on the way out: {denial:?}"),
        }
    }

    /// Open both ways, with exactly these flags on the way in.
    pub(crate) fn flags(&self, flags: &[Flag]) {
        let expected = Decision::Granted {
            despite: None,
            flags: flags.to_vec(),
        };
        assert_eq!(self.decide(Direction::In), expected);
        assert!(matches!(
            self.decide(Direction::Out),
            Decision::Granted { despite: None, .. }
        ));
    }
}

fn open(flags: &[Flag]) -> Decision {
    Decision::Granted {
        despite: None,
        flags: flags.to_vec(),
    }
}

#[test]
fn on_the_roster_and_all_conditions_met_opens_both_ways() {
    Case::good().flags(&[]);
}

#[test]
fn every_kind_of_document_opens() {
    for number in [
        "81000019850505001X",
        "93484019800101001X",
        "XYZ340080010101",
    ] {
        Case::of(number).flags(&[]);
    }
}

#[test]
fn unreadable_card_is_closed_in_and_open_out() {
    for why in [UnreadableCard::ReadFailed, UnreadableCard::Removed] {
        let case = Case {
            credential: Credential::Unreadable { why },
            standing: None,
            ..Case::good()
        };
        case.refuses(Denial::UnreadableCard);
    }
}

#[test]
fn unknown_document_is_closed_in_and_open_out() {
    let invalid = Credential::Unreadable {
        why: UnreadableCard::Invalid,
    };
    Case {
        credential: invalid,
        standing: None,
        ..Case::good()
    }
    .refuses(Denial::InvalidDocument);
}

#[test]
fn card_that_contradicts_its_number_is_refused() {
    Case::document(|card| card.sex = Sex::Female).refuses(Denial::InvalidDocument);
    Case::document(|card| card.born = date(1990, 3, 8)).refuses(Denial::InvalidDocument);
    Case::document(|card| card.kind = DocumentKind::Hmt).refuses(Denial::InvalidDocument);
    Case::document(|card| card.sex = Sex::Unstated).flags(&[]);
}

#[test]
fn not_on_the_roster_is_refused() {
    Case {
        standing: None,
        ..Case::good()
    }
    .refuses(Denial::NotOnRoster);
}

#[test]
fn blacklisted_is_refused() {
    Case::worker(|worker| worker.blacklisted = true).refuses(Denial::Blacklisted);
}

#[test]
fn left_worker_is_refused_from_the_day_of_leaving() {
    Case::worker(|worker| worker.left_on = Some(today())).refuses(Denial::LeftSite);
    Case::worker(|worker| worker.left_on = Some(date(2026, 6, 30))).refuses(Denial::LeftSite);
    Case::worker(|worker| worker.left_on = Some(date(2026, 11, 23))).flags(&[]);
}

#[test]
fn worker_without_engagement_is_refused() {
    Case::worker(|worker| worker.entered_on = None).refuses(Denial::NotEntered);
    Case::worker(|worker| worker.entered_on = Some(date(2026, 11, 23))).refuses(Denial::NotEntered);
    Case::worker(|worker| worker.entered_on = Some(today())).flags(&[]);
}

#[test]
fn under_sixteen_is_refused_whatever_the_policy_says() {
    let lax = |policy: &mut Policy| {
        policy.ages.clear();
        policy.training = Requirement::Ignored;
        policy.contract = Requirement::Ignored;
    };
    Case::of(CHILD).with(lax).refuses(Denial::UnderSixteen);
    Case {
        standing: None,
        ..Case::of(CHILD)
    }
    .refuses(Denial::UnderSixteen);
}

#[test]
fn birthdays_count_on_the_day_of_entry_in_beijing_time() {
    // Born 2009-11-22: seventeen from midnight of 2026-11-22 at the site, 16:00 of the 21st UTC.
    let scaffolders_from_17 = |policy: &mut Policy| {
        policy.ages = vec![AgeRule {
            sex: None,
            trades: TradeSet::All,
            age_min: 0,
            age_max: 16,
            effect: AgeEffect::Deny,
        }];
    };
    let mut case = Case::of(SIXTEEN).with(scaffolders_from_17);
    case.now.wall_ms = 1_795_276_800_000;
    case.flags(&[]);
    case.now.wall_ms -= 1;
    case.refuses(Denial::AgeRefused);
}

#[test]
fn age_rules_of_the_policy_allow_warn_or_deny() {
    Case::of(OLD).flags(&[Flag::Warned(Denial::AgeRefused)]);
    let mut young = Case::of(SIXTEEN);
    young.flags(&[Flag::Warned(Denial::AgeRefused)]);
    young.standing.as_mut().unwrap().trade = Trade::parse("030").unwrap();
    young.refuses(Denial::AgeRefused);
}

#[test]
fn age_rule_may_ask_for_a_health_certificate_of_one_year() {
    let certificate = |policy: &mut Policy| {
        for rule in &mut policy.ages {
            rule.effect = AgeEffect::HealthCertificate;
        }
    };
    for (until, opens) in [
        (None, false),
        (Some(date(2026, 11, 21)), false),
        (Some(today()), true),
        (Some(date(2027, 11, 22)), true),
        (Some(date(2028, 1, 1)), false),
    ] {
        let mut case = Case::of(OLD).with(certificate);
        case.standing.as_mut().unwrap().health_certificate_until = until;
        if opens {
            case.flags(&[]);
        } else {
            case.refuses(Denial::HealthCertificate);
        }
    }
}

#[test]
fn training_is_required_warned_or_ignored() {
    let untrained = || Case::worker(|worker| worker.trainings.clear());
    untrained().refuses(Denial::TrainingMissing);
    let warned = untrained().with(|policy| policy.training = Requirement::Warned);
    warned.flags(&[Flag::Warned(Denial::TrainingMissing)]);
    untrained()
        .with(|policy| policy.training = Requirement::Ignored)
        .flags(&[]);
}

#[test]
fn skill_training_alone_does_not_open() {
    let skilled = |worker: &mut WorkerStanding| worker.trainings[0].kind = TrainingKind::Skill;
    Case::worker(skilled).refuses(Denial::TrainingMissing);
    Case::worker(|worker| worker.trainings[0].kind = TrainingKind::Entry).flags(&[]);
}

#[test]
fn contract_is_required_or_warned() {
    let none = || Case::worker(|worker| worker.contract = None);
    none().flags(&[Flag::Warned(Denial::ContractMissing)]);
    none()
        .with(|policy| policy.contract = Requirement::Required)
        .refuses(Denial::ContractMissing);
    let ended = |until| {
        Case::worker(move |worker| {
            worker.contract = Some(Contract {
                signed_on: date(2026, 1, 1),
                until: Some(until),
            });
        })
    };
    ended(date(2026, 11, 21)).flags(&[Flag::Warned(Denial::ContractEnded)]);
    ended(today()).flags(&[]);
    ended(date(2026, 11, 21))
        .with(|policy| policy.contract = Requirement::Required)
        .refuses(Denial::ContractEnded);
}

#[test]
fn expired_document_warns_by_default() {
    let expired = || Case::document(|card| card.valid_to = Some(date(2026, 11, 21)));
    expired().flags(&[Flag::Warned(Denial::DocumentExpired)]);
    expired()
        .with(|policy| policy.document_validity = Requirement::Required)
        .refuses(Denial::DocumentExpired);
    Case::document(|card| card.valid_to = None).flags(&[]);
}

#[test]
fn name_that_differs_from_the_roster_is_flagged() {
    let renamed = |card: &mut IdDocument| card.name = PersonName::parse("李四").unwrap();
    Case::document(renamed).flags(&[Flag::NameDiffers]);
}

#[test]
fn anti_passback_soft_flags_and_hard_closes_the_entry_only() {
    let inside = |mode: AntiPassback| {
        let mut case = Case::good().with(|policy| policy.anti_passback = mode);
        case.presence
            .movement(WorkerId(1), came_in(MORNING_MS - 3_600_000));
        case
    };
    let flag = Flag::Warned(Denial::AntiPassback);
    inside(AntiPassback::Off).flags(&[]);
    inside(AntiPassback::Soft).flags(&[flag]);
    let hard = inside(AntiPassback::Hard);
    assert_eq!(
        hard.decide(Direction::In),
        Decision::Denied(Denial::AntiPassback)
    );
    let plain = Decision::Granted {
        despite: None,
        flags: vec![],
    };
    assert_eq!(hard.decide(Direction::Out), plain);
    let mut outside = hard;
    let went_out = Inside {
        direction: Direction::Out,
        ..came_in(MORNING_MS)
    };
    outside.presence.movement(WorkerId(1), went_out);
    let flagged = Decision::Granted {
        despite: None,
        flags: vec![flag],
    };
    assert_eq!(outside.decide(Direction::Out), flagged);
}

#[test]
fn anti_passback_forgets_a_forgotten_card_overnight() {
    let mut case = Case::good().with(|policy| policy.anti_passback = AntiPassback::Hard);
    case.presence
        .movement(WorkerId(1), came_in(MORNING_MS - 18 * 3_600_000 - 1));
    case.flags(&[]);
}

#[test]
fn anti_passback_refuses_nobody_by_a_time_that_is_not_believed() {
    let inside = |last: Inside| {
        let mut case = Case::good().with(|policy| policy.anti_passback = AntiPassback::Hard);
        case.presence.movement(WorkerId(1), last);
        case
    };
    let flag = Flag::Warned(Denial::AntiPassback);
    let hour_ago = came_in(MORNING_MS - 3_600_000);
    inside(hour_ago)
        .clock_unset()
        .flags(&[flag, Flag::ClockUnset]);
    let unsure = Inside {
        is_sure: false,
        ..hour_ago
    };
    inside(unsure).flags(&[flag]);
    // Years ahead: the clock was wrong then. Nobody waits for that year.
    inside(came_in(3_471_292_800_000)).flags(&[flag]);
}

#[test]
fn unset_clock_refuses_nobody_for_a_date_alone() {
    let later = Case::worker(|worker| worker.entered_on = Some(date(2030, 1, 1))).clock_unset();
    later.flags(&[Flag::Warned(Denial::NotEntered), Flag::ClockUnset]);
    let child = Case::of(CHILD)
        .with(|policy| policy.ages.clear())
        .clock_unset();
    child.flags(&[Flag::Warned(Denial::UnderSixteen), Flag::ClockUnset]);
    let expired = Case::document(|card| card.valid_to = Some(date(2020, 1, 1)))
        .with(|policy| policy.document_validity = Requirement::Required)
        .clock_unset();
    expired.flags(&[Flag::Warned(Denial::DocumentExpired), Flag::ClockUnset]);
    let mut unborn = Case::good().clock_unset();
    unborn.now.wall_ms = 0;
    assert!(matches!(
        unborn.decide(Direction::In),
        Decision::Granted { .. }
    ));
}

#[test]
fn unset_clock_still_refuses_for_facts() {
    Case {
        standing: None,
        ..Case::good()
    }
    .clock_unset()
    .refuses(Denial::NotOnRoster);
    Case::worker(|worker| worker.blacklisted = true)
        .clock_unset()
        .refuses(Denial::Blacklisted);
    Case::worker(|worker| worker.trainings.clear())
        .clock_unset()
        .refuses(Denial::TrainingMissing);
    let left = Case::worker(|worker| worker.left_on = Some(date(2026, 6, 30))).clock_unset();
    left.refuses(Denial::LeftSite);
}

#[test]
fn first_rule_decides_and_the_others_are_flags_on_the_way_out() {
    let case = Case::worker(|worker| {
        worker.blacklisted = true;
        worker.trainings.clear();
        worker.contract = None;
    });
    assert_eq!(
        case.decide(Direction::In),
        Decision::Denied(Denial::Blacklisted)
    );
    let flags = vec![
        Flag::Warned(Denial::TrainingMissing),
        Flag::Warned(Denial::ContractMissing),
    ];
    let out = Decision::Granted {
        despite: Some(Denial::Blacklisted),
        flags,
    };
    assert_eq!(case.decide(Direction::Out), out);
}

#[test]
fn face_of_the_holder_or_nothing_to_compare_opens_as_without_a_camera() {
    for found in [FaceFinding::Same, FaceFinding::NotEnrolled] {
        Case::good().seen(found).flags(&[]);
    }
}

#[test]
fn no_usable_face_opens_flagged_or_waits_for_a_guard() {
    let case = || Case::good().seen(FaceFinding::NoFace);
    case().flags(&[Flag::Warned(Denial::FaceUnchecked)]);
    assert_eq!(Flag::Warned(Denial::FaceUnchecked).text(), "未比对");
    let asks = case().with(|policy| policy.face.no_face = NoFace::AskGuard);
    assert_eq!(
        asks.decide(Direction::In),
        Decision::Denied(Denial::FaceUnchecked)
    );
    for case in [case(), asks] {
        assert_eq!(case.decide(Direction::Out), open(&[]));
    }
}

#[test]
fn uncertain_face_opens_flagged() {
    let case = Case::good().seen(FaceFinding::Uncertain);
    case.flags(&[Flag::FaceUncertain]);
    assert_eq!(case.decide(Direction::Out), open(&[]));
}

#[test]
fn another_face_is_closed_in_and_open_out() {
    Case::good()
        .seen(FaceFinding::Other)
        .refuses(Denial::FaceDiffers);
}

#[test]
fn another_face_does_not_hide_the_rule_before_it() {
    let case = Case::worker(|worker| worker.trainings.clear()).seen(FaceFinding::Other);
    case.refuses(Denial::TrainingMissing);
    let Decision::Granted { flags, .. } = case.decide(Direction::Out) else {
        panic!("refused on the way out");
    };
    assert_eq!(flags, [Flag::Warned(Denial::FaceDiffers)]);
}

#[test]
fn a_face_alone_is_held_to_the_same_rules() {
    let by_face = |mut case: Case| {
        case.credential = Credential::Face {
            worker: WorkerId(1),
            terminal: None,
        };
        case
    };
    by_face(Case::good()).flags(&[]);
    by_face(Case {
        standing: None,
        ..Case::good()
    })
    .refuses(Denial::NotOnRoster);
    by_face(Case::of(CHILD)).refuses(Denial::UnderSixteen);
    by_face(Case::worker(|worker| worker.blacklisted = true)).refuses(Denial::Blacklisted);
    by_face(Case::worker(|worker| {
        worker.document_valid_to = Some(date(2026, 11, 21));
    }))
    .flags(&[Flag::Warned(Denial::DocumentExpired)]);
}
