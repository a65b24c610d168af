//! An invented site: one lane, some people of the unassigned region 3499xx.

use edge_domain::*;
use jiff::civil::{Date, date};

pub(crate) const ZHANG: &str = "349901199003070016";
pub(crate) const LI: &str = "349901199003070024";
pub(crate) const WANG: &str = "349901198812310038";
/// Born 2011: under 16 in November 2026.
pub(crate) const CHILD: &str = "349901201104010071";
/// Turns 17 on 2026-11-22.
pub(crate) const SIXTEEN: &str = "349901200911220097";
/// Born 1960: over 60.
pub(crate) const OLD: &str = "349901196001010067";

/// 2026-11-22 07:02:10 at the site.
pub(crate) const MORNING_MS: i64 = 1_795_302_130_000;

pub(crate) fn today() -> Date {
    date(2026, 11, 22)
}

/// A last movement inwards at a time that can be believed.
pub(crate) fn came_in(at_ms: i64) -> Inside {
    Inside {
        direction: Direction::In,
        at_ms,
        is_sure: true,
    }
}

/// A moment `after_ms` after the morning began.
pub(crate) fn moment(after_ms: u64) -> Moment {
    Moment {
        wall_ms: MORNING_MS.saturating_add_unsigned(after_ms),
        boot: 7,
        mono_ms: 1_000_000 + after_ms,
        quality: ClockQuality::Synced,
    }
}

pub(crate) fn document(number: &str) -> IdDocument {
    let number = IdNumber::parse(number).unwrap();
    IdDocument {
        kind: number.kind(),
        name: PersonName::parse("张三").unwrap(),
        sex: number.sex().unwrap_or(Sex::Unstated),
        born: number.born().unwrap_or(date(1980, 1, 1)),
        nation: Some("汉".to_owned()),
        valid_to: Some(date(2036, 1, 1)),
        number,
    }
}

pub(crate) fn card(number: &str) -> Credential {
    Credential::IdCard(document(number))
}

pub(crate) fn standing(worker: u32, number: &str) -> WorkerStanding {
    let document = document(number);
    WorkerStanding {
        worker: WorkerId(worker),
        name: document.name.clone(),
        sex: document.sex,
        born: document.born,
        number: document.number,
        employer: Some(EmployerId(1)),
        team: Some(TeamId(1)),
        trade: Trade::OTHER,
        role: Role::Worker,
        entered_on: Some(date(2026, 3, 1)),
        left_on: None,
        contract: Some(Contract {
            signed_on: date(2026, 2, 27),
            until: None,
        }),
        trainings: vec![Training {
            kind: TrainingKind::Safety,
            on: date(2026, 2, 28),
            hours: 8,
        }],
        health_certificate_until: None,
        certificates: Vec::new(),
        blacklisted: false,
        document_valid_to: None,
        ic_card: None,
    }
}

pub(crate) fn lane_id() -> LaneId {
    LaneId::parse("gate-1").unwrap()
}

pub(crate) fn settings(sensing: Sensing) -> LaneSettings {
    LaneSettings {
        lane: lane_id(),
        sensing,
        passage_ms_max: 8_000,
        commit_ms_max: 2_000,
    }
}

/// The site that a lane asks: Zhang is 1, Li 2, Wang 3; Wang is not trained.
pub(crate) struct Site {
    pub(crate) roster: Roster,
    pub(crate) policy: Policy,
    pub(crate) presence: Presence,
    pub(crate) mismatches: Mismatches,
}

impl Site {
    pub(crate) fn new() -> Self {
        let untrained = WorkerStanding {
            trainings: Vec::new(),
            ..standing(3, WANG)
        };
        Self {
            roster: Roster::from_standings(vec![standing(2, LI), standing(1, ZHANG), untrained]),
            policy: Policy::anhui(),
            presence: Presence::new(),
            mismatches: Mismatches::default(),
        }
    }

    pub(crate) fn view(&self) -> SiteView<'_> {
        SiteView {
            roster: &self.roster,
            policy: &self.policy,
            presence: &self.presence,
            mismatches: &self.mismatches,
        }
    }
}

/// A lane with its site, stepped with a clock in milliseconds after the morning began.
pub(crate) struct Gate {
    pub(crate) site: Site,
    pub(crate) lane: Lane,
    pub(crate) now_ms: u64,
    last_seq: u64,
}

impl Gate {
    /// A lane with beams whose board has said hello.
    pub(crate) fn with_beams() -> Self {
        let mut gate = Self::new(Lane::new(settings(Sensing::Beams), LaneMemory::default()));
        assert_eq!(gate.report(GateReport::LinkBack), []);
        gate
    }

    pub(crate) fn without_beams() -> Self {
        Self::new(Lane::new(settings(Sensing::None), LaneMemory::default()))
    }

    pub(crate) fn new(lane: Lane) -> Self {
        Self {
            site: Site::new(),
            lane,
            now_ms: 0,
            last_seq: 100,
        }
    }

    /// Effects without the timers.
    pub(crate) fn step(&mut self, input: LaneInput) -> Vec<LaneEffect> {
        let mut effects = self.step_all(input);
        effects.retain(|effect| !matches!(effect, LaneEffect::WakeAt { .. }));
        effects
    }

    pub(crate) fn step_all(&mut self, input: LaneInput) -> Vec<LaneEffect> {
        self.lane.step(moment(self.now_ms), self.site.view(), input)
    }

    pub(crate) fn present(
        &mut self,
        direction: Direction,
        credential: Credential,
    ) -> Vec<LaneEffect> {
        let person_tag = Some(PersonTag([7; 8]));
        self.step(LaneInput::Presented {
            direction,
            credential,
            person_tag,
        })
    }

    pub(crate) fn report(&mut self, report: GateReport) -> Vec<LaneEffect> {
        self.step(LaneInput::Gate(report))
    }

    pub(crate) fn wake_after(&mut self, after_ms: u64) -> Vec<LaneEffect> {
        self.now_ms += after_ms;
        self.step(LaneInput::Wake)
    }

    /// Answers the only record in `effects` as durable. Gives its sequence number and what
    /// follows.
    pub(crate) fn commit(&mut self, effects: &[LaneEffect]) -> (u64, Vec<LaneEffect>) {
        let ticket = only_ticket(effects);
        self.last_seq += 1;
        let seq = self.last_seq;
        (seq, self.step(LaneInput::Recorded { ticket, seq }))
    }

    pub(crate) fn fail(&mut self, effects: &[LaneEffect]) -> Vec<LaneEffect> {
        self.step(LaneInput::RecordFailed {
            ticket: only_ticket(effects),
        })
    }

    /// Presents and commits.
    pub(crate) fn enter(&mut self, number: &str) -> (u64, Vec<LaneEffect>) {
        let effects = self.present(Direction::In, card(number));
        self.commit(&effects)
    }
}

pub(crate) fn records(effects: &[LaneEffect]) -> Vec<(Ticket, &Record)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            LaneEffect::Record { ticket, record } => Some((*ticket, record)),
            _ => None,
        })
        .collect()
}

pub(crate) fn only_ticket(effects: &[LaneEffect]) -> Ticket {
    let found = records(effects);
    assert_eq!(found.len(), 1, "{effects:?}");
    found[0].0
}

pub(crate) fn only_act(effects: &[LaneEffect]) -> &Act {
    let found = records(effects);
    assert_eq!(found.len(), 1, "{effects:?}");
    &found[0].1.act
}

pub(crate) fn presentation(effects: &[LaneEffect]) -> &PresentationRecord {
    match only_act(effects) {
        Act::Presentation(record) => record,
        other => panic!("no presentation: {other:?}"),
    }
}

pub(crate) fn passage(effects: &[LaneEffect]) -> &PassageRecord {
    match only_act(effects) {
        Act::Passage(record) => record,
        other => panic!("no passage: {other:?}"),
    }
}

pub(crate) fn gate_event(effects: &[LaneEffect]) -> &GateRecord {
    match only_act(effects) {
        Act::Gate(record) => record,
        other => panic!("no gate event: {other:?}"),
    }
}

pub(crate) fn openings(effects: &[LaneEffect]) -> Vec<(u32, Direction)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            LaneEffect::OpenGate { token, direction } => Some((*token, *direction)),
            _ => None,
        })
        .collect()
}

pub(crate) fn shown(effects: &[LaneEffect]) -> Vec<&Display> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            LaneEffect::Show(display) => Some(display),
            _ => None,
        })
        .collect()
}

/// The only screen shown, by its name and its large line.
pub(crate) fn title(effects: &[LaneEffect]) -> String {
    let shown = shown(effects);
    assert_eq!(shown.len(), 1, "{effects:?}");
    let screen = shown[0].screen();
    format!("{} {}", screen.name, screen.title)
        .trim()
        .to_owned()
}

pub(crate) fn event(seq: u16) -> BoardEvent {
    BoardEvent {
        uid: [1; 8],
        boot: 3,
        seq,
        age_ms: 40,
    }
}

pub(crate) fn token(seq: u64) -> u32 {
    u32::try_from(seq).unwrap()
}
