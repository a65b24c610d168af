//! Who is added, corrected, barred, and of whom the city has not spoken.
//!
//! The key is the identity number. Only an explicit revocation bars, and nothing that a roster says
//! frees: who was barred, or has left, comes back by the clerk's hand or, having left, by an entry
//! after the day he left.

use std::collections::{BTreeMap, BTreeSet};

use crate::city_roster::city_person::{CityOp, CityPerson, CityTeam};
use crate::ids::{EmployerId, TeamId, WorkerId};
use crate::person::Person;
use crate::record::Act;
use crate::roster::Roster;
use crate::uscc::Uscc;
use crate::worker::{Contract, Employer, Team, Training, TrainingKind, WorkerStanding};

/// Hours of a training of which the city tells the day only: the least that 三级教育 asks for.
const TRAINING_HOURS: u16 = 24;

/// What the box knows before.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Standings.
    pub roster: &'a Roster,
    /// Personal data beside the standings.
    pub people: &'a BTreeMap<WorkerId, Person>,
    /// Employers.
    pub employers: &'a [Employer],
    /// Teams.
    pub teams: &'a [Team],
    /// Highest number given to a worker.
    pub worker_max: u32,
    /// Highest number given to a team.
    pub team_max: u32,
    /// Highest number given to an employer.
    pub employer_max: u32,
    /// Of whom the city had not spoken so far.
    pub unconfirmed: &'a BTreeSet<WorkerId>,
}

/// What follows from a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merge {
    /// The records to write, in order.
    pub acts: Vec<Act>,
    /// People new to the box.
    pub added: u32,
    /// People of whom something else is recorded now.
    pub changed: u32,
    /// People barred now who were not before.
    pub revoked: u32,
    /// People whom the city confirms, corrects or revokes and the box does not have.
    pub unknown: u32,
    /// People whom the city adds or corrects and who are barred: they stay so.
    pub still_barred: u32,
    /// Engaged people of whom the city has not spoken (平台未确认).
    pub unconfirmed: BTreeSet<WorkerId>,
}

/// Compares a roster with what the box knows. `is_whole`: whom it does not name is unconfirmed;
/// otherwise it is a change, and whom it does not name stays as he was.
pub fn merge(known: &Known<'_>, file: &[CityPerson], is_whole: bool) -> Merge {
    let mut work = Merging::new(known);
    for one in file {
        work.take(one);
    }
    work.finish(is_whole)
}

struct Merging<'a> {
    known: &'a Known<'a>,
    employers: BTreeMap<Uscc, EmployerId>,
    teams: BTreeMap<(EmployerId, String), TeamId>,
    worker_max: u32,
    team_max: u32,
    employer_max: u32,
    named: BTreeSet<WorkerId>,
    merge: Merge,
}

impl<'a> Merging<'a> {
    fn new(known: &'a Known<'a>) -> Self {
        let employers = known.employers.iter();
        let teams = known.teams.iter();
        Self {
            known,
            employers: employers
                .map(|one| (one.uscc.clone(), one.employer))
                .collect(),
            teams: teams
                .map(|one| ((one.employer, one.name.clone()), one.team))
                .collect(),
            worker_max: known.worker_max,
            team_max: known.team_max,
            employer_max: known.employer_max,
            named: BTreeSet::new(),
            merge: Merge::default(),
        }
    }

    fn take(&mut self, one: &CityPerson) {
        let Some(standing) = self.known.roster.find(&one.number) else {
            match one.op {
                CityOp::Add => self.add(one),
                CityOp::Confirm | CityOp::Correct | CityOp::Revoke => self.merge.unknown += 1,
            }
            return;
        };
        self.named.insert(standing.worker);
        match one.op {
            CityOp::Confirm => {}
            CityOp::Add | CityOp::Correct => self.correct(standing, one),
            CityOp::Revoke => self.revoke(standing, one),
        }
    }

    fn add(&mut self, one: &CityPerson) {
        let person = one.name.clone().zip(one.sex).zip(one.born);
        let work = one.team.as_ref().zip(one.trade).zip(one.role);
        let (Some(((name, sex), born)), Some(((team, trade), role)), Some(on)) =
            (person, work, one.entered_on)
        else {
            self.merge.unknown += 1;
            return;
        };
        self.worker_max += 1;
        let worker = WorkerId(self.worker_max);
        let person = Person {
            name,
            number: one.number.clone(),
            sex,
            born,
            nation: one.nation.clone(),
            phone: one.phone.clone(),
            valid_to: one.valid_to,
            photo_sha256: one.photo_sha256.clone(),
            ic_card: None,
            wage_card: None,
            certificates: Vec::new(),
            contact: None,
        };
        self.merge.acts.push(Act::Worker {
            worker,
            person: Box::new(person),
        });
        let team = self.team(team);
        self.merge.acts.push(Act::Entry {
            worker,
            team,
            trade,
            role,
            on,
        });
        self.papers(worker, None, one);
        self.merge.added += 1;
    }

    fn correct(&mut self, standing: &WorkerStanding, one: &CityPerson) {
        let before = self.merge.acts.len();
        let worker = standing.worker;
        if let Some(held) = self.known.people.get(&worker) {
            let person = corrected(held, one);
            if person != *held {
                self.merge.acts.push(Act::Worker {
                    worker,
                    person: Box::new(person),
                });
            }
        }
        self.work(standing, one);
        self.papers(worker, Some(standing), one);
        if standing.blacklisted {
            self.merge.still_barred += 1;
        }
        if self.merge.acts.len() > before {
            self.merge.changed += 1;
        }
    }

    /// Crew, trade, role and first day. Who has left comes back only by a later first day.
    fn work(&mut self, standing: &WorkerStanding, one: &CityPerson) {
        let comes_back = match (standing.left_on, one.entered_on) {
            (None, _) => false,
            (Some(left), Some(on)) if on > left => true,
            (Some(_), _) => return,
        };
        let given = one.team.as_ref().map(|team| self.team(team));
        let (team, on) = (
            given.or(standing.team),
            one.entered_on.or(standing.entered_on),
        );
        let (Some(team), Some(on)) = (team, on) else {
            return;
        };
        let trade = one.trade.unwrap_or(standing.trade);
        let role = one.role.unwrap_or(standing.role);
        let new = (Some(team), trade, role, Some(on));
        let held = (
            standing.team,
            standing.trade,
            standing.role,
            standing.entered_on,
        );
        if comes_back || new != held {
            self.merge.acts.push(Act::Entry {
                worker: standing.worker,
                team,
                trade,
                role,
                on,
            });
        }
    }

    fn papers(&mut self, worker: WorkerId, held: Option<&WorkerStanding>, one: &CityPerson) {
        let contract = contract(held.and_then(|held| held.contract), one);
        let trained = one.trained_on.filter(|on| {
            let trainings = held.map_or(&[][..], |held| held.trainings.as_slice());
            let is_known = |training: &Training| training.kind.opens_gate() && training.on == *on;
            !trainings.iter().any(is_known)
        });
        let certificate = one
            .health_certificate_until
            .filter(|until| held.and_then(|held| held.health_certificate_until) != Some(*until));
        let acts = &mut self.merge.acts;
        acts.extend(contract.map(|contract| Act::Contract { worker, contract }));
        acts.extend(trained.map(|on| Act::Training {
            worker,
            training: Training {
                kind: TrainingKind::Safety,
                on,
                hours: TRAINING_HOURS,
            },
        }));
        acts.extend(certificate.map(|until| Act::HealthCertificate { worker, until }));
    }

    fn revoke(&mut self, standing: &WorkerStanding, one: &CityPerson) {
        if standing.blacklisted {
            return;
        }
        self.merge.acts.push(Act::Blacklist {
            worker: standing.worker,
            listed: true,
            reason: one.reason.clone(),
        });
        self.merge.revoked += 1;
    }

    /// The box's number of a crew; a new one gets the next, and so does its employer.
    fn team(&mut self, team: &CityTeam) -> TeamId {
        let employer = self.employer(team);
        let key = (employer, team.name.clone());
        if let Some(known) = self.teams.get(&key) {
            return *known;
        }
        self.team_max += 1;
        let number = TeamId(self.team_max);
        self.merge.acts.push(Act::Team(Team {
            team: number,
            employer,
            name: team.name.clone(),
        }));
        self.teams.insert(key, number);
        number
    }

    fn employer(&mut self, team: &CityTeam) -> EmployerId {
        if let Some(known) = self.employers.get(&team.uscc) {
            return *known;
        }
        self.employer_max += 1;
        let number = EmployerId(self.employer_max);
        self.merge.acts.push(Act::Employer(Employer {
            employer: number,
            uscc: team.uscc.clone(),
            name: team.employer.clone(),
            kind: team.kind.clone(),
        }));
        self.employers.insert(team.uscc.clone(), number);
        number
    }

    fn finish(mut self, is_whole: bool) -> Merge {
        let engaged = self.known.roster.standings().iter();
        self.merge.unconfirmed = engaged
            .filter(|one| one.left_on.is_none())
            .map(|one| one.worker)
            .filter(|worker| is_whole || self.known.unconfirmed.contains(worker))
            .filter(|worker| !self.named.contains(worker))
            .collect();
        self.merge
    }
}

fn corrected(held: &Person, one: &CityPerson) -> Person {
    let text = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
    Person {
        name: one.name.clone().unwrap_or_else(|| held.name.clone()),
        number: held.number.clone(),
        sex: one.sex.unwrap_or(held.sex),
        born: one.born.unwrap_or(held.born),
        nation: text(&one.nation, &held.nation),
        phone: one.phone.clone().or_else(|| held.phone.clone()),
        valid_to: one.valid_to.or(held.valid_to),
        photo_sha256: text(&one.photo_sha256, &held.photo_sha256),
        ic_card: held.ic_card,
        wage_card: held.wage_card.clone(),
        certificates: held.certificates.clone(),
        contact: held.contact.clone(),
    }
}

/// A contract that differs from the one held. The end of an older contract is not taken over.
fn contract(held: Option<Contract>, one: &CityPerson) -> Option<Contract> {
    if one.contract_signed_on.is_none() && one.contract_until.is_none() {
        return None;
    }
    let signed_on = one.contract_signed_on.or(held.map(|held| held.signed_on))?;
    let same = held.filter(|held| held.signed_on == signed_on);
    let until = one.contract_until.or(same.and_then(|held| held.until));
    let new = Contract { signed_on, until };
    (held != Some(new)).then_some(new)
}
