//! IC cards (实名卡) on Wiegand readers: the same rows as for every credential, and 26 bits are
//! never trusted where they may be two workers.

use edge_domain::*;
use jiff::civil::date;

use crate::fixtures::*;

const CARD: u32 = 0x0a1b_2c3d;
/// Another card whose last three bytes are the same.
const TWIN: u32 = 0xee1b_2c3d;

fn with_card(worker: u32, number: &str, card: u32) -> WorkerStanding {
    WorkerStanding {
        ic_card: Some(IcNumber::new(card)),
        ..standing(worker, number)
    }
}

fn gate(standings: Vec<WorkerStanding>) -> Gate {
    let mut gate = Gate::with_beams();
    gate.site.roster = Roster::from_standings(standings);
    gate
}

fn long(card: u32) -> Credential {
    Credential::IcCard(IcReading::of(34, card, false).unwrap())
}

fn short(card: u32) -> Credential {
    Credential::IcCard(IcReading::of(26, card & 0x00ff_ffff, false).unwrap())
}

#[test]
fn a_registered_card_opens_after_its_record() {
    for credential in [long(CARD), short(CARD)] {
        let mut gate = gate(vec![with_card(1, ZHANG, CARD), standing(2, LI)]);
        let asked = gate.present(Direction::In, credential);
        let record = presentation(&asked);
        assert_eq!(
            (record.by.code(), record.worker),
            ("006", Some(WorkerId(1)))
        );
        assert_eq!(record.document, None);
        assert_eq!(openings(&asked), []);
        let (seq, answer) = gate.commit(&asked);
        assert_eq!(openings(&answer), [(token(seq), Direction::In)]);
        assert_eq!(title(&answer), "张三 请通行");
    }
}

#[test]
fn twenty_six_bits_that_may_be_two_workers_open_only_outwards() {
    let mut gate = gate(vec![with_card(1, ZHANG, CARD), with_card(2, LI, TWIN)]);
    let asked = gate.present(Direction::In, short(CARD));
    let record = presentation(&asked);
    assert_eq!(
        (record.reason, record.worker),
        (Some(Denial::CardAmbiguous), None)
    );
    let (_, answer) = gate.commit(&asked);
    assert_eq!(
        (openings(&answer), title(&answer).as_str()),
        (vec![], "卡号与他人重复")
    );
    let asked = gate.present(Direction::Out, short(CARD));
    let record = presentation(&asked);
    assert_eq!(record.reason, Some(Denial::CardAmbiguous));
    assert_eq!(record.flags, []);
    let (_, answer) = gate.commit(&asked);
    assert_eq!(openings(&answer).len(), 1);
    let asked = gate.present(Direction::In, long(TWIN));
    assert_eq!(presentation(&asked).worker, Some(WorkerId(2)));
}

#[test]
fn a_card_that_was_given_out_again_is_the_new_holders() {
    let mut gone = with_card(1, ZHANG, CARD);
    gone.left_on = Some(date(2026, 6, 30));
    let mut gate = gate(vec![gone.clone(), with_card(2, LI, CARD)]);
    let asked = gate.present(Direction::In, short(CARD));
    assert_eq!(presentation(&asked).worker, Some(WorkerId(2)));
    gate.commit(&asked);
    gate.site.roster = Roster::from_standings(vec![gone]);
    gate.now_ms += 10_000;
    let asked = gate.present(Direction::In, short(CARD));
    assert_eq!(presentation(&asked).reason, Some(Denial::LeftSite));
}

#[test]
fn an_unknown_card_stays_outside_and_gets_out() {
    let mut gate = gate(vec![standing(1, ZHANG)]);
    let asked = gate.present(Direction::In, long(CARD));
    assert_eq!(presentation(&asked).reason, Some(Denial::NotOnRoster));
    gate.commit(&asked);
    let asked = gate.present(Direction::Out, long(CARD));
    assert_eq!(presentation(&asked).result, PresentationResult::Granted);
}

#[test]
fn every_rule_holds_for_a_card_too() {
    let untrained = WorkerStanding {
        trainings: Vec::new(),
        ..with_card(1, ZHANG, CARD)
    };
    let child = with_card(2, CHILD, 0x0101_0101);
    let mut gate = gate(vec![untrained, child]);
    let asked = gate.present(Direction::In, long(CARD));
    assert_eq!(presentation(&asked).reason, Some(Denial::TrainingMissing));
    gate.commit(&asked);
    let asked = gate.present(Direction::In, long(0x0101_0101));
    assert_eq!(presentation(&asked).reason, Some(Denial::UnderSixteen));
}

#[test]
fn identity_card_after_the_ic_card_is_a_repetition() {
    let mut gate = gate(vec![with_card(1, ZHANG, CARD)]);
    let asked = gate.present(Direction::In, long(CARD));
    gate.commit(&asked);
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&again).result, PresentationResult::Repeated);
}

#[test]
fn the_holder_of_an_ic_card_is_compared_with_the_camera() {
    let mut gate = gate(vec![with_card(1, ZHANG, CARD)]);
    gate.step(LaneInput::Camera {
        direction: Direction::In,
        camera: Camera::Up,
    });
    let effects = gate.present(Direction::In, long(CARD));
    let asked = effects.iter().any(
        |effect| matches!(effect, LaneEffect::LookAtFace { worker, .. } if *worker == WorkerId(1)),
    );
    assert!(asked, "{effects:?}");
}
