//! Card and face at a lane with a camera: bounded waits, one further try, pictures kept.

use edge_domain::*;

use crate::fixtures::*;

const GOOD: i16 = 8_000;
const UNSURE: i16 = 3_000;
const OTHER: i16 = 500;

fn seen(ten_thousandths: i16) -> FaceEvidence {
    FaceEvidence::Seen(vec![Similarity::new(ten_thousandths); 3])
}

fn nothing() -> FaceEvidence {
    FaceEvidence::Seen(Vec::new())
}

/// A lane with beams and a camera each way.
fn with_camera() -> Gate {
    let mut gate = Gate::with_beams();
    for direction in [Direction::In, Direction::Out] {
        camera(&mut gate, direction, Camera::Up);
    }
    gate
}

fn camera(gate: &mut Gate, direction: Direction, camera: Camera) -> Vec<LaneEffect> {
    gate.step(LaneInput::Camera { direction, camera })
}

/// The only question to the camera: its name, whom it is about, and its deadline.
fn asked(effects: &[LaneEffect]) -> (LookId, WorkerId, u64) {
    let looks: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            LaneEffect::LookAtFace {
                look,
                worker,
                until_mono_ms,
                ..
            } => Some((*look, *worker, *until_mono_ms)),
            _ => None,
        })
        .collect();
    assert_eq!(looks.len(), 1, "{effects:?}");
    looks[0]
}

fn kept(effects: &[LaneEffect]) -> Vec<(LookId, u64)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            LaneEffect::KeepPictures { look, presentation } => Some((*look, *presentation)),
            _ => None,
        })
        .collect()
}

fn answer(gate: &mut Gate, look: LookId, evidence: FaceEvidence) -> Vec<LaneEffect> {
    gate.step(LaneInput::Face { look, evidence })
}

/// Presents and lets the camera answer once.
fn compared(
    gate: &mut Gate,
    direction: Direction,
    evidence: FaceEvidence,
) -> (LookId, Vec<LaneEffect>) {
    let effects = gate.present(direction, card(ZHANG));
    let (look, _, _) = asked(&effects);
    (look, answer(gate, look, evidence))
}

fn mismatch(gate: &mut Gate) -> PresentationRecord {
    gate.now_ms += 5_000;
    let (_, effects) = compared(gate, Direction::In, seen(OTHER));
    let record = presentation(&effects).clone();
    for (_, record) in records(&effects) {
        gate.site.mismatches.apply(record);
    }
    gate.commit(&effects);
    record
}

#[test]
fn camera_is_asked_before_the_record_and_the_same_face_opens() {
    let mut gate = with_camera();
    let effects = gate.present(Direction::In, card(ZHANG));
    assert_eq!(records(&effects).len(), 0);
    assert_eq!(title(&effects), "张三 请看镜头");
    let (look, worker, until) = asked(&effects);
    assert_eq!((worker, until), (WorkerId(1), 1_000_000 + 1_500));
    let effects = answer(&mut gate, look, seen(GOOD));
    let record = presentation(&effects);
    assert_eq!(
        (record.result, record.flags.len()),
        (PresentationResult::Granted, 0)
    );
    assert_eq!(record.by, By::IdCard);
    let (seq, effects) = gate.commit(&effects);
    assert_eq!(openings(&effects), [(token(seq), Direction::In)]);
    assert_eq!(kept(&effects), []);
}

#[test]
fn who_would_be_refused_anyway_is_not_looked_at() {
    let mut gate = with_camera();
    for person in [WANG, OLD] {
        let effects = gate.present(Direction::In, card(person));
        assert_eq!(presentation(&effects).result, PresentationResult::Denied);
        gate.commit(&effects);
    }
    let unreadable = Credential::Unreadable {
        why: UnreadableCard::ReadFailed,
    };
    let effects = gate.present(Direction::Out, unreadable);
    assert_eq!(presentation(&effects).result, PresentationResult::Granted);
}

#[test]
fn silent_camera_costs_its_bound_and_flags() {
    let mut gate = with_camera();
    gate.present(Direction::In, card(ZHANG));
    assert_eq!(gate.wake_after(1_499), []);
    let effects = gate.wake_after(1);
    let record = presentation(&effects);
    assert_eq!(record.result, PresentationResult::Granted);
    assert_eq!(record.flags, [Flag::Warned(Denial::FaceUnchecked)]);
    let (_, effects) = gate.commit(&effects);
    assert_eq!((openings(&effects).len(), kept(&effects)), (1, vec![]));
}

#[test]
fn policy_may_ask_for_a_guard_where_the_camera_saw_nothing() {
    let mut gate = with_camera();
    gate.site.policy.face.no_face = NoFace::AskGuard;
    let (_, effects) = compared(&mut gate, Direction::In, nothing());
    assert_eq!(presentation(&effects).reason, Some(Denial::FaceUnchecked));
    let (_, effects) = gate.commit(&effects);
    assert_eq!(
        (openings(&effects), title(&effects).as_str()),
        (vec![], "未能比对人脸")
    );
    let (_, effects) = compared(&mut gate, Direction::Out, nothing());
    assert_eq!(presentation(&effects).result, PresentationResult::Granted);
    assert_eq!(presentation(&effects).flags, []);
}

#[test]
fn camera_that_is_down_is_not_waited_for() {
    let mut gate = with_camera();
    camera(&mut gate, Direction::In, Camera::Down);
    let effects = gate.present(Direction::In, card(ZHANG));
    assert_eq!(
        presentation(&effects).flags,
        [Flag::Warned(Denial::FaceUnchecked)]
    );
    camera(&mut gate, Direction::In, Camera::Absent);
    let effects = gate.present(Direction::In, card(LI));
    assert_eq!(presentation(&effects).flags, []);
}

#[test]
fn camera_that_goes_down_lets_waiting_people_on() {
    let mut gate = with_camera();
    gate.present(Direction::In, card(ZHANG));
    let effects = camera(&mut gate, Direction::In, Camera::Down);
    assert_eq!(
        presentation(&effects).flags,
        [Flag::Warned(Denial::FaceUnchecked)]
    );
}

#[test]
fn uncertain_face_gets_one_more_try() {
    let mut gate = with_camera();
    let (look, effects) = compared(&mut gate, Direction::In, seen(UNSURE));
    assert_eq!(title(&effects), "张三 请再看一次镜头");
    assert_eq!(asked(&effects), (look, WorkerId(1), 1_000_000 + 2_500));
    let effects = answer(&mut gate, look, seen(GOOD));
    assert_eq!(presentation(&effects).flags, []);
}

#[test]
fn twice_uncertain_opens_flagged_with_the_picture() {
    for second in [Some(seen(UNSURE)), Some(nothing()), None] {
        let mut gate = with_camera();
        let (look, _) = compared(&mut gate, Direction::In, seen(UNSURE));
        let effects = match second {
            Some(evidence) => answer(&mut gate, look, evidence),
            None => gate.wake_after(2_500),
        };
        let record = presentation(&effects);
        assert_eq!(record.result, PresentationResult::Granted);
        assert_eq!(record.flags, [Flag::FaceUncertain]);
        assert_eq!(kept(&effects), []);
        let (seq, effects) = gate.commit(&effects);
        assert_eq!(openings(&effects).len(), 1);
        assert_eq!(kept(&effects), [(look, seq)]);
    }
}

#[test]
fn uncertain_face_leaves_at_once() {
    let mut gate = with_camera();
    let (_, effects) = compared(&mut gate, Direction::Out, seen(UNSURE));
    assert_eq!(presentation(&effects).flags, []);
    let (_, effects) = gate.commit(&effects);
    assert_eq!((openings(&effects).len(), kept(&effects)), (1, vec![]));
}

#[test]
fn another_person_is_kept_out_with_both_pictures() {
    let mut gate = with_camera();
    let (look, effects) = compared(&mut gate, Direction::In, seen(OTHER));
    let record = presentation(&effects);
    assert_eq!(
        (record.result, record.reason),
        (PresentationResult::Denied, Some(Denial::FaceDiffers))
    );
    let (seq, effects) = gate.commit(&effects);
    assert_eq!(
        (openings(&effects), title(&effects).as_str()),
        (vec![], "人证不一致")
    );
    assert_eq!(kept(&effects), [(look, seq)]);
}

#[test]
fn another_person_after_an_uncertain_try_is_kept_out() {
    let mut gate = with_camera();
    let (look, _) = compared(&mut gate, Direction::In, seen(UNSURE));
    let effects = answer(&mut gate, look, seen(OTHER));
    assert_eq!(presentation(&effects).reason, Some(Denial::FaceDiffers));
}

#[test]
fn another_person_gets_out_flagged() {
    let mut gate = with_camera();
    let (look, effects) = compared(&mut gate, Direction::Out, seen(OTHER));
    let record = presentation(&effects);
    assert_eq!(
        (record.result, record.reason),
        (PresentationResult::Granted, Some(Denial::FaceDiffers))
    );
    let (seq, effects) = gate.commit(&effects);
    assert_eq!(openings(&effects), [(token(seq), Direction::Out)]);
    assert_eq!(kept(&effects), [(look, seq)]);
}

#[test]
fn third_mismatch_of_a_card_on_a_day_alerts() {
    let mut gate = with_camera();
    assert_eq!(mismatch(&mut gate).flags, []);
    assert_eq!(mismatch(&mut gate).flags, []);
    assert_eq!(mismatch(&mut gate).flags, [Flag::MismatchAlert]);
    gate.now_ms += 24 * 3_600_000;
    assert_eq!(mismatch(&mut gate).flags, []);
}

#[test]
fn who_has_no_template_passes_by_card_unflagged() {
    let mut gate = with_camera();
    gate.site.policy.face.no_face = NoFace::AskGuard;
    let (_, effects) = compared(&mut gate, Direction::In, FaceEvidence::NotEnrolled);
    let record = presentation(&effects);
    assert_eq!(
        (record.result, record.flags.len()),
        (PresentationResult::Granted, 0)
    );
}

#[test]
fn card_again_while_the_camera_looks_is_a_repetition() {
    let mut gate = with_camera();
    let first = gate.present(Direction::In, card(ZHANG));
    let (look, _, _) = asked(&first);
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&again).result, PresentationResult::Repeated);
    let (_, shown) = gate.commit(&again);
    assert_eq!(title(&shown), "张三 请看镜头");
    let effects = answer(&mut gate, look, seen(GOOD));
    let (_, effects) = gate.commit(&effects);
    assert_eq!(openings(&effects).len(), 1);
    assert_eq!(
        answer(&mut gate, look, seen(OTHER)),
        [],
        "a late answer changes nothing"
    );
}

#[test]
fn face_alone_is_a_credential_and_the_card_after_it_a_repetition() {
    let mut gate = with_camera();
    let face = Credential::Face {
        worker: WorkerId(1),
        terminal: None,
    };
    let effects = gate.present(Direction::In, face);
    let record = presentation(&effects);
    assert_eq!(
        (record.by.code(), record.worker),
        ("001", Some(WorkerId(1)))
    );
    assert_eq!((record.document, record.person_tag), (None, None));
    let (_, effects) = gate.commit(&effects);
    assert_eq!(title(&effects), "张三 请通行");
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&again).result, PresentationResult::Repeated);
}

fn mark(seq: u64) -> TerminalMark {
    TerminalMark {
        name: "人脸机".to_owned(),
        seq,
        at_ms: 1_000,
        happened_ms: 2_000,
    }
}

#[test]
fn a_terminals_face_is_held_to_the_same_rules_and_named_in_the_record() {
    let mut gate = with_camera();
    let face = |worker| Credential::Face {
        worker: WorkerId(worker),
        terminal: Some(mark(7)),
    };
    let effects = gate.present(Direction::In, face(3));
    let record = presentation(&effects);
    assert_eq!(record.reason, Some(Denial::TrainingMissing));
    assert_eq!(record.terminal, Some(mark(7)));
    let effects = gate.present(Direction::In, face(1));
    assert_eq!(presentation(&effects).result, PresentationResult::Granted);
    let (_, effects) = gate.commit(&effects);
    assert_eq!(openings(&effects).len(), 1);
}

#[test]
fn what_a_terminal_tells_of_the_past_opens_nothing_and_counts_for_nobody() {
    for direction in [Direction::In, Direction::Out] {
        let mut gate = with_camera();
        let effects = gate.step(LaneInput::Reported {
            direction,
            worker: WorkerId(1),
            terminal: mark(8),
        });
        let record = presentation(&effects);
        assert_eq!(record.result, PresentationResult::Reported);
        assert_eq!((record.worker, record.counted), (Some(WorkerId(1)), false));
        assert_eq!(record.terminal, Some(mark(8)));
        let (_, effects) = gate.commit(&effects);
        assert_eq!(effects, []);
        // Nor does it make the next presentation a repetition.
        let effects = gate.present(direction, card(ZHANG));
        assert!(
            !effects
                .iter()
                .any(|one| matches!(one, LaneEffect::Show(Display::Repeated { .. })))
        );
    }
}

#[test]
fn face_of_somebody_who_may_not_pass_stays_outside() {
    let mut gate = with_camera();
    let effects = gate.present(
        Direction::In,
        Credential::Face {
            worker: WorkerId(3),
            terminal: None,
        },
    );
    assert_eq!(presentation(&effects).reason, Some(Denial::TrainingMissing));
    let effects = gate.present(
        Direction::In,
        Credential::Face {
            worker: WorkerId(9),
            terminal: None,
        },
    );
    assert_eq!(presentation(&effects).reason, Some(Denial::NotOnRoster));
}
