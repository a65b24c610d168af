//! The city's roster and the box's: who is added, corrected, confirmed, barred, unconfirmed.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::*;
use jiff::civil::date;

use crate::fixtures::{LI, OLD, WANG, ZHANG, standing};

struct Here {
    roster: Roster,
    people: BTreeMap<WorkerId, Person>,
    employers: Vec<Employer>,
    teams: Vec<Team>,
    unconfirmed: BTreeSet<WorkerId>,
}

fn person(one: &WorkerStanding) -> (WorkerId, Person) {
    let person = Person {
        name: one.name.clone(),
        number: one.number.clone(),
        sex: one.sex,
        born: one.born,
        nation: Some("01".to_owned()),
        phone: None,
        valid_to: None,
        photo_sha256: None,
        ic_card: None,
        wage_card: None,
        certificates: Vec::new(),
        contact: None,
    };
    (one.worker, person)
}

/// Zhang is 1, Li is 2 and barred, Wang is 3 and has left.
fn here() -> Here {
    let barred = WorkerStanding {
        blacklisted: true,
        ..standing(2, LI)
    };
    let gone = WorkerStanding {
        left_on: Some(date(2026, 10, 1)),
        ..standing(3, WANG)
    };
    let standings = vec![standing(1, ZHANG), barred, gone];
    Here {
        people: standings.iter().map(person).collect(),
        roster: Roster::from_standings(standings),
        employers: vec![Employer {
            employer: EmployerId(1),
            uscc: Uscc::parse("91349900MA8N0TE00Y").unwrap(),
            name: "皖城劳务有限公司".to_owned(),
            kind: "006".to_owned(),
        }],
        teams: vec![Team {
            team: TeamId(1),
            employer: EmployerId(1),
            name: "钢筋一班".to_owned(),
        }],
        unconfirmed: BTreeSet::new(),
    }
}

fn merged(here: &Here, file: &[CityPerson], is_whole: bool) -> Merge {
    let known = Known {
        roster: &here.roster,
        people: &here.people,
        employers: &here.employers,
        teams: &here.teams,
        worker_max: 3,
        team_max: 1,
        employer_max: 1,
        unconfirmed: &here.unconfirmed,
    };
    merge(&known, file, is_whole)
}

fn about(op: CityOp, number: &str) -> CityPerson {
    CityPerson::about(op, IdNumber::parse(number).unwrap())
}

fn crew(name: &str) -> CityTeam {
    CityTeam {
        name: name.to_owned(),
        uscc: Uscc::parse("91349900MA8N0TE00Y").unwrap(),
        employer: "皖城劳务有限公司".to_owned(),
        kind: "006".to_owned(),
    }
}

fn whole(number: &str) -> CityPerson {
    CityPerson {
        name: Some(PersonName::parse("李四").unwrap()),
        sex: Some(Sex::Male),
        born: Some(date(1960, 1, 1)),
        team: Some(crew("木工班")),
        trade: Some(Trade::parse("240").unwrap()),
        role: Some(Role::Worker),
        entered_on: Some(date(2026, 11, 20)),
        contract_signed_on: Some(date(2026, 11, 19)),
        trained_on: Some(date(2026, 11, 20)),
        ..about(CityOp::Add, number)
    }
}

#[test]
fn a_confirmed_person_costs_no_record() {
    let merge = merged(&here(), &[about(CityOp::Confirm, ZHANG)], false);
    assert_eq!(merge, Merge::default());
}

#[test]
fn whom_a_whole_roster_does_not_name_is_unconfirmed_and_not_barred() {
    let mut here = here();
    let first = merged(&here, &[about(CityOp::Confirm, ZHANG)], true);
    assert_eq!(first.acts, []);
    // Wang has left: nobody waits for a word about him.
    assert_eq!(first.unconfirmed, BTreeSet::from([WorkerId(2)]));
    here.unconfirmed = first.unconfirmed;
    let change = merged(&here, &[about(CityOp::Confirm, LI)], false);
    assert_eq!(change.unconfirmed, BTreeSet::new());
    let nobody = merged(&here, &[], false);
    assert_eq!(nobody.unconfirmed, BTreeSet::from([WorkerId(2)]));
}

#[test]
fn only_an_explicit_revocation_bars_and_only_once() {
    let revoke = CityPerson {
        reason: Some("冒用他人证件".to_owned()),
        ..about(CityOp::Revoke, ZHANG)
    };
    let merge = merged(&here(), &[revoke, about(CityOp::Revoke, LI)], false);
    let barred = Act::Blacklist {
        worker: WorkerId(1),
        listed: true,
        reason: Some("冒用他人证件".to_owned()),
    };
    assert_eq!((merge.acts, merge.revoked), (vec![barred], 1));
}

#[test]
fn a_new_person_gets_the_next_number_and_a_new_crew_too() {
    let merge = merged(&here(), &[whole(OLD)], false);
    assert_eq!((merge.added, merge.changed), (1, 0));
    let [
        Act::Worker { worker, person },
        Act::Team(team),
        Act::Entry {
            team: of, trade, ..
        },
        Act::Contract { .. },
        Act::Training { .. },
    ] = merge.acts.as_slice()
    else {
        panic!("{:?}", merge.acts);
    };
    assert_eq!((worker.0, person.number.reveal()), (4, OLD));
    assert_eq!((team.team, team.employer), (TeamId(2), EmployerId(1)));
    assert_eq!((*of, trade.code().as_str()), (TeamId(2), "240"));
}

#[test]
fn who_is_known_already_is_corrected_where_he_differs() {
    let mut correct = about(CityOp::Correct, ZHANG);
    correct.phone = Some(PhoneNumber::parse("13900000017").unwrap());
    correct.team = Some(crew("钢筋一班"));
    let merge = merged(&here(), std::slice::from_ref(&correct), false);
    let [Act::Worker { worker, person }] = merge.acts.as_slice() else {
        panic!("{:?}", merge.acts);
    };
    assert_eq!(worker.0, 1);
    assert_eq!(person.phone, correct.phone);
    assert_eq!(
        person.nation.as_deref(),
        Some("01"),
        "what the city does not say stays"
    );
    assert_eq!(merge.changed, 1);
}

#[test]
fn a_roster_frees_nobody_and_brings_back_only_who_enters_again() {
    // A city that lists everybody as new each night undoes no act of the clerk.
    let wang = |entered| CityPerson {
        entered_on: Some(entered),
        ..whole(WANG)
    };
    let merge = merged(&here(), &[whole(LI), wang(date(2026, 10, 1))], false);
    let undone = |act: &Act| {
        matches!(
            act,
            Act::Blacklist { .. }
                | Act::Entry {
                    worker: WorkerId(3),
                    ..
                }
        )
    };
    assert!(!merge.acts.iter().any(undone), "{:?}", merge.acts);
    assert_eq!((merge.added, merge.still_barred), (0, 1));

    let again = merged(&here(), &[wang(date(2026, 10, 2))], false);
    let back = again.acts.iter().find(|act| undone(act));
    let Some(Act::Entry { on, .. }) = back else {
        panic!("{:?}", again.acts);
    };
    assert_eq!(*on, date(2026, 10, 2));
}

#[test]
fn papers_are_recorded_where_they_are_new() {
    let held = CityPerson {
        contract_signed_on: Some(date(2026, 2, 27)),
        trained_on: Some(date(2026, 2, 28)),
        ..about(CityOp::Correct, ZHANG)
    };
    assert_eq!(
        merged(&here(), std::slice::from_ref(&held), false),
        Merge::default()
    );
    let longer = CityPerson {
        contract_until: Some(date(2027, 2, 26)),
        health_certificate_until: Some(date(2027, 4, 30)),
        trained_on: Some(date(2026, 11, 1)),
        ..held
    };
    let merge = merged(&here(), &[longer], false);
    let [
        Act::Contract { contract, .. },
        Act::Training { training, .. },
        Act::HealthCertificate { until, .. },
    ] = merge.acts.as_slice()
    else {
        panic!("{:?}", merge.acts);
    };
    assert_eq!(contract.signed_on, date(2026, 2, 27));
    assert_eq!(contract.until, Some(date(2027, 2, 26)));
    assert_eq!(
        (training.on, *until),
        (date(2026, 11, 1), date(2027, 4, 30))
    );
    assert_eq!((merge.added, merge.changed), (0, 1));
}

#[test]
fn strangers_are_counted_and_change_nothing() {
    let file = [about(CityOp::Revoke, OLD), about(CityOp::Correct, OLD)];
    let merge = merged(&here(), &file, false);
    assert_eq!((merge.acts.len(), merge.unknown), (0, 2));
    let half = CityPerson {
        name: None,
        ..whole(OLD)
    };
    let merge = merged(&here(), &[half], false);
    assert_eq!((merge.acts.len(), merge.unknown), (0, 1));
}
