//! Visitors: in while their visit runs, out always, and never counted as attendance.

use edge_domain::*;
use jiff::civil::date;

use crate::fixtures::*;

const CARD: u32 = 0x0a1b_2c3d;
/// Another card whose last three bytes are the same.
const TWIN: u32 = 0xee1b_2c3d;
const HOUR_MS: u64 = 3_600_000;
/// Nobody's on the roster.
const STRANGER: &str = "349901196001010067";

fn ic(card: u32) -> Credential {
    Credential::IcCard(IcReading::of(34, card, false).unwrap())
}

fn visit(number: u32, card: VisitCard) -> Visit {
    Visit {
        visit: VisitId(number),
        name: PersonName::parse("周远航").unwrap(),
        card,
        from_ms: MORNING_MS,
        until_ms: MORNING_MS.saturating_add_unsigned(HOUR_MS),
        ended_ms: None,
    }
}

fn with_ic(number: u32) -> Visit {
    visit(number, VisitCard::Ic(IcNumber::new(CARD)))
}

fn with_document(number: u32, document: &str) -> Visit {
    visit(number, VisitCard::parse(document).unwrap())
}

fn gate(visits: Vec<Visit>) -> Gate {
    let mut gate = Gate::with_beams();
    gate.site.roster = gate.site.roster.clone().with_visits(visits);
    gate
}

#[test]
fn a_running_visit_opens_both_ways_and_is_never_attendance() {
    for (credential, one) in [
        (ic(CARD), with_ic(3)),
        (card(STRANGER), with_document(3, STRANGER)),
    ] {
        let mut gate = gate(vec![one]);
        for direction in [Direction::In, Direction::Out] {
            gate.now_ms += 10_000;
            let asked = gate.present(direction, credential.clone());
            let record = presentation(&asked);
            assert_eq!(
                (record.worker, record.visit, record.reason),
                (None, Some(VisitId(3)), None)
            );
            assert!(!record.counted && !record.moved);
            assert_eq!(record.person_tag, None);
            let (seq, answer) = gate.commit(&asked);
            assert_eq!(openings(&answer), [(token(seq), direction)]);
            assert_eq!(title(&answer), "周远航 请通行");
            let passed = gate.report(GateReport::Passed {
                event: event(u16::from(direction == Direction::Out)),
                token: Some(token(seq)),
                direction,
            });
            let passage = passage(&passed);
            assert_eq!(
                (
                    passage.worker,
                    passage.visit,
                    passage.counted,
                    passage.moved
                ),
                (None, Some(VisitId(3)), false, true)
            );
            let record = Record {
                at: moment(gate.now_ms),
                act: Act::Passage(passage.clone()),
            };
            assert_eq!(record.counted(), None);
            gate.site.presence.apply(&record);
            assert_eq!(gate.site.presence.inside_count(), 0);
            gate.commit(&passed);
        }
    }
}

#[test]
fn a_gate_without_beams_tells_the_movement_with_the_presentation() {
    let mut gate = Gate::without_beams();
    gate.site.roster = gate.site.roster.clone().with_visits(vec![with_ic(3)]);
    let asked = gate.present(Direction::In, ic(CARD));
    let record = presentation(&asked);
    assert_eq!((record.counted, record.moved), (false, true));
}

#[test]
fn a_visit_that_is_over_opens_outwards_only() {
    let ended = Visit {
        ended_ms: Some(MORNING_MS),
        ..with_ic(3)
    };
    let late = Visit {
        until_ms: MORNING_MS,
        ..with_ic(3)
    };
    for over in [ended, late] {
        let mut gate = gate(vec![over]);
        let asked = gate.present(Direction::In, ic(CARD));
        let record = presentation(&asked);
        assert_eq!(
            (record.visit, record.reason),
            (Some(VisitId(3)), Some(Denial::VisitOver))
        );
        let (_, answer) = gate.commit(&asked);
        assert_eq!(
            (openings(&answer), title(&answer).as_str()),
            (vec![], "访客时间已到")
        );
        let asked = gate.present(Direction::Out, ic(CARD));
        assert_eq!(presentation(&asked).reason, Some(Denial::VisitOver));
        let (seq, answer) = gate.commit(&asked);
        assert_eq!(openings(&answer), [(token(seq), Direction::Out)]);
    }
}

#[test]
fn the_end_is_the_very_moment_and_holds_without_a_clock() {
    let one = with_ic(3);
    assert!(!one.is_over(one.until_ms - 1));
    assert!(one.is_over(one.until_ms));
    let mut gate = gate(vec![one]);
    let late = Moment {
        quality: ClockQuality::Unset,
        ..moment(HOUR_MS)
    };
    let input = LaneInput::Presented {
        direction: Direction::In,
        credential: ic(CARD),
        person_tag: None,
    };
    let mut asked = gate.lane.step(late, gate.site.view(), input);
    asked.retain(|effect| !matches!(effect, LaneEffect::WakeAt { .. }));
    assert_eq!(presentation(&asked).reason, Some(Denial::VisitOver));
}

#[test]
fn a_site_may_let_no_visitor_in() {
    let mut gate = gate(vec![with_ic(3)]);
    gate.site.policy.visitors = Visitors::Deny;
    let asked = gate.present(Direction::In, ic(CARD));
    assert_eq!(presentation(&asked).reason, Some(Denial::VisitorRefused));
    gate.commit(&asked);
    let asked = gate.present(Direction::Out, ic(CARD));
    let (_, answer) = gate.commit(&asked);
    assert_eq!(openings(&answer).len(), 1);
}

#[test]
fn the_newest_running_visit_of_a_card_decides() {
    let ended = Visit {
        ended_ms: Some(MORNING_MS),
        ..with_ic(4)
    };
    for (visits, expected) in [
        (vec![with_ic(3), ended.clone()], VisitId(3)),
        (vec![ended, with_ic(5)], VisitId(5)),
    ] {
        let mut gate = gate(visits);
        let asked = gate.present(Direction::In, ic(CARD));
        assert_eq!(presentation(&asked).visit, Some(expected));
    }
}

#[test]
fn a_worker_is_never_taken_for_a_visitor() {
    let mut here = gate(vec![with_document(3, ZHANG)]);
    let asked = here.present(Direction::In, card(ZHANG));
    let record = presentation(&asked);
    assert_eq!((record.worker, record.visit), (Some(WorkerId(1)), None));

    // A short reading that fits both opens for neither.
    let holder = WorkerStanding {
        ic_card: Some(IcNumber::new(TWIN)),
        ..standing(1, ZHANG)
    };
    let mut gate = gate(Vec::new());
    gate.site.roster = Roster::from_standings(vec![holder]).with_visits(vec![with_ic(3)]);
    let short = IcReading::of(26, CARD & 0x00ff_ffff, false).unwrap();
    let asked = gate.present(Direction::In, Credential::IcCard(short));
    assert_eq!(presentation(&asked).reason, Some(Denial::CardAmbiguous));
}

#[test]
fn who_has_left_may_visit_unless_he_is_barred() {
    for (blacklisted, expected) in [(false, None), (true, Some(Denial::Blacklisted))] {
        let gone = WorkerStanding {
            left_on: Some(date(2026, 6, 30)),
            blacklisted,
            ..standing(1, ZHANG)
        };
        let mut gate = gate(Vec::new());
        gate.site.roster =
            Roster::from_standings(vec![gone]).with_visits(vec![with_document(3, ZHANG)]);
        let asked = gate.present(Direction::In, card(ZHANG));
        let record = presentation(&asked);
        assert_eq!(
            (record.reason, record.visit.is_none()),
            (expected, blacklisted)
        );
    }
}

#[test]
fn a_child_is_no_visitor() {
    let mut gate = gate(vec![with_document(3, CHILD)]);
    let asked = gate.present(Direction::In, card(CHILD));
    assert_eq!(presentation(&asked).reason, Some(Denial::UnderSixteen));
}

#[test]
fn a_card_is_given_to_one_person_at_a_time() {
    let roster = Site::new().roster.with_visits(vec![with_ic(3)]);
    let now_ms = MORNING_MS + 1;
    let check = |text: &str| roster.check_visit_card(&VisitCard::parse(text).unwrap(), now_ms);
    assert_eq!(check(STRANGER), Ok(()));
    assert_eq!(check(ZHANG), Err(VisitFault::OfWorker));
    assert_eq!(check("0a1b2c3d"), Err(VisitFault::Taken));
    assert_eq!(check("ee1b2c3d"), Err(VisitFault::Taken), "26 bits");
    assert_eq!(
        check("0a1b2c3e"),
        Err(VisitFault::Taken),
        "26 bits, reversed is the same"
    );
    let later = MORNING_MS.saturating_add_unsigned(HOUR_MS);
    let card = VisitCard::parse("0a1b2c3d").unwrap();
    assert_eq!(roster.check_visit_card(&card, later), Ok(()));

    let barred = WorkerStanding {
        blacklisted: true,
        left_on: Some(date(2026, 6, 30)),
        ..standing(1, ZHANG)
    };
    let roster = Roster::from_standings(vec![barred]);
    let card = VisitCard::parse(ZHANG).unwrap();
    assert_eq!(
        roster.check_visit_card(&card, now_ms),
        Err(VisitFault::Barred)
    );
}

#[test]
fn a_visit_has_an_end_and_short_words() {
    assert_eq!(VisitFault::check_span(5, 5), Err(VisitFault::Over));
    let longest = VISIT_H_MAX * 3_600_000;
    assert_eq!(VisitFault::check_span(5, 5 + longest), Ok(()));
    assert_eq!(
        VisitFault::check_span(5, 6 + longest),
        Err(VisitFault::TooLong)
    );
    let name = || PersonName::parse("周远航").unwrap();
    let card = VisitCard::parse("0a1b2c3d").unwrap();
    let long = "长".repeat(VISIT_WORDS_MAX + 1);
    for odd in [long.as_str(), "两\n行"] {
        let made = Visitor::new(name(), [odd, "", ""], card.clone());
        assert_eq!(made, Err(VisitFault::Words));
    }
    let made = Visitor::new(name(), [" 检测公司 ", "", ""], card).unwrap();
    assert_eq!(made.company, "检测公司");
    assert!(!format!("{made:?}").contains("周远航"));
}

#[test]
fn the_screen_says_visitor_and_when_he_must_leave() {
    let shown = |direction, until_ms| {
        Display::Granted {
            name: PersonName::parse("周远航").ok(),
            worker: None,
            visit_until_ms: Some(until_ms),
            direction,
            at_ms: MORNING_MS,
            flags: Vec::new(),
            despite: None,
        }
        .screen()
        .detail
    };
    let until = MORNING_MS.saturating_add_unsigned(HOUR_MS);
    let tomorrow = MORNING_MS.saturating_add_unsigned(24 * HOUR_MS);
    assert_eq!(
        shown(Direction::In, until),
        "访客 · 进场 07:02 · 08:02 前离场"
    );
    assert_eq!(
        shown(Direction::In, tomorrow),
        "访客 · 进场 07:02 · 11月23日 07:02 前离场"
    );
    assert_eq!(shown(Direction::Out, until), "访客 · 出场 07:02");
}
