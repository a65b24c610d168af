//! Who comes to the gates: invented people, and how each roster has them.

use edge_domain::{
    Contract, Credential, IdDocument, IdNumber, PersonName, Role, Roster, Sex, Trade, Training,
    TrainingKind, UnreadableCard, WorkerId, WorkerStanding,
};
use jiff::civil::date;

use super::fault::Step;
use crate::Dice;

/// Workers of the site, numbered from 1; the roster may lack some.
pub(super) const WORKERS: u32 = 7;

/// Who stands at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Worker(u32),
    Stranger,
    /// His card cannot be read.
    Unreadable,
}

/// How a roster has a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Barred,
    Left,
    Untrained,
    Absent,
}

impl Who {
    pub(super) fn any(dice: &mut Dice) -> Self {
        match dice.below(12) {
            0 => Self::Stranger,
            1 => Self::Unreadable,
            _ => Self::Worker(u32::try_from(dice.below(u64::from(WORKERS))).unwrap_or(0) + 1),
        }
    }

    pub(super) fn credential(self) -> Step<Credential> {
        Ok(match self {
            Self::Worker(worker) => Credential::IdCard(document(worker)?),
            Self::Stranger => Credential::IdCard(document(99)?),
            Self::Unreadable => Credential::Unreadable {
                why: UnreadableCard::ReadFailed,
            },
        })
    }
}

/// How a version of the roster has a worker; the first has all of them.
pub(super) fn standing(version: u64, worker: u32) -> Standing {
    if version == 0 {
        return Standing::Good;
    }
    match Dice::new(version * 1_000 + u64::from(worker)).below(10) {
        0 => Standing::Barred,
        1 => Standing::Left,
        2 => Standing::Untrained,
        3 => Standing::Absent,
        _ => Standing::Good,
    }
}

/// The roster of a version, as the box has it.
pub(super) fn roster(version: u64) -> Step<Roster> {
    let listed = (1..=WORKERS).filter(|worker| standing(version, *worker) != Standing::Absent);
    let standings: Step<Vec<_>> = listed.map(|worker| row(version, worker)).collect();
    Ok(Roster::from_standings(standings?))
}

fn row(version: u64, worker: u32) -> Step<WorkerStanding> {
    let how = standing(version, worker);
    let document = document(worker)?;
    let training = Training {
        kind: TrainingKind::Safety,
        on: date(2026, 2, 28),
        hours: 8,
    };
    Ok(WorkerStanding {
        worker: WorkerId(worker),
        name: document.name,
        sex: document.sex,
        born: document.born,
        number: document.number,
        employer: None,
        team: None,
        trade: Trade::OTHER,
        role: Role::Worker,
        entered_on: Some(date(2026, 3, 1)),
        left_on: (how == Standing::Left).then_some(date(2026, 9, 1)),
        contract: Some(Contract {
            signed_on: date(2026, 2, 27),
            until: None,
        }),
        trainings: if how == Standing::Untrained {
            Vec::new()
        } else {
            vec![training]
        },
        health_certificate_until: None,
        certificates: Vec::new(),
        blacklisted: how == Standing::Barred,
        document_valid_to: None,
        ic_card: None,
    })
}

/// The card of a worker; one of the region 3499, which no place in the country has.
fn document(worker: u32) -> Step<IdDocument> {
    let digits = format!("34990119900307{:03}", worker * 2 - 1);
    let weighted = digits.bytes().zip(0..).map(|(digit, place)| {
        let weight = (1_u32 << (17 - place)) % 11;
        u32::from(digit - b'0') * weight
    });
    let check = (12 - weighted.sum::<u32>() % 11) % 11;
    let check = char::from_digit(check, 10).unwrap_or('X');
    let number = IdNumber::parse(&format!("{digits}{check}"))?;
    Ok(IdDocument {
        kind: number.kind(),
        name: PersonName::parse("张三")?,
        sex: number.sex().unwrap_or(Sex::Unstated),
        born: number.born().unwrap_or(date(1990, 3, 7)),
        nation: None,
        valid_to: None,
        number,
    })
}
