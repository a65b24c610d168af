//! The lane's steps from a credential to its record: at once, or when the camera has answered.
//!
//! A card's holder is compared only where he would be let through anyway, and the lane waits for
//! the camera for `look_ms` and one `second_look_ms` at most.

use crate::credential::{Credential, TerminalMark};
use crate::denial::Denial;
use crate::face::{FaceEvidence, FaceFinding, compare};
use crate::ids::{Direction, LookId, PersonTag, WorkerId};
use crate::lane::looks::Looking;
use crate::lane::messages::{Camera, LaneEffect};
use crate::lane::openings::WAITING_MAX;
use crate::lane::pending::{Asked, Pending};
use crate::lane::presentation::{Judged, Presented, judge, repeated, told};
use crate::lane::repeats::{Earlier, PersonKey};
use crate::lane::state::{Lane, Step, ask, record};

pub(super) fn presented(
    lane: &mut Lane,
    step: &mut Step<'_>,
    direction: Direction,
    credential: Credential,
    person_tag: Option<PersonTag>,
) {
    let presented = about(lane, step, direction, &credential, person_tag);
    let key = PersonKey::of(&credential, direction, (step.site.roster, &step.now));
    let window_ms = step.site.policy.repeat_window_ms;
    let is_good = |one: &Earlier| {
        step.now.mono_ms.saturating_sub(one.at_mono_ms) < window_ms
            || lane.gate.openings.is_under_way(one.ticket, &step.now)
    };
    let repeats = key.as_ref().and_then(|key| {
        let earlier = lane
            .repeats
            .find(key, direction, is_good)
            .map(|earlier| (earlier.seq, earlier.display.clone()));
        earlier.or_else(|| {
            let looking = lane.looks.find(key, direction)?;
            Some((None, presented.look_display(looking.again)))
        })
    });
    if let Some((of, display)) = repeats {
        let act = repeated(&presented, of);
        if lane.pending.has_room() {
            record(lane, step, act, Pending::Repeat(display));
        } else {
            step.out.push(LaneEffect::Show(display));
        }
        return;
    }
    let judged = judge(&presented, is_busy(lane), None);
    let holder = presented.holder().filter(|_| judged.granted);
    match (lane.looks.camera(direction), key, holder) {
        (Camera::Up, Some(key), Some(worker)) if lane.looks.has_room() => {
            let look = lane.looks.next_look();
            let looking = Looking {
                look,
                direction,
                credential,
                person_tag,
                key,
                worker,
                again: false,
                until_mono_ms: step
                    .now
                    .mono_ms
                    .saturating_add(step.site.policy.face.look_ms),
            };
            ask_camera(lane, step, looking);
        }
        (Camera::Up | Camera::Down, key, Some(_)) => {
            let judged = judge(&presented, is_busy(lane), Some(FaceFinding::NoFace));
            decided(lane, step, direction, key, (judged, None));
        }
        (Camera::Absent | Camera::Up | Camera::Down, key, _) => {
            decided(lane, step, direction, key, (judged, None));
        }
    }
}

/// Writes down what a face terminal saw while nobody listened. Without room nothing is written, and
/// the terminal tells it again.
pub(super) fn reported(
    lane: &mut Lane,
    step: &mut Step<'_>,
    direction: Direction,
    worker: WorkerId,
    terminal: TerminalMark,
) {
    let credential = Credential::Face {
        worker,
        terminal: Some(terminal),
    };
    let act = told(&about(lane, step, direction, &credential, None));
    if lane.pending.has_room() {
        record(lane, step, act, Pending::Report);
    }
}

fn about<'a>(
    lane: &'a Lane,
    step: &Step<'a>,
    direction: Direction,
    credential: &'a Credential,
    person_tag: Option<PersonTag>,
) -> Presented<'a> {
    Presented {
        lane: &lane.settings.lane,
        direction,
        credential,
        person_tag,
        now: step.now,
        site: step.site,
        counts_on_grant: !lane.gate.senses(),
    }
}

fn is_busy(lane: &Lane) -> bool {
    lane.gate.senses() && lane.gate.openings.waiting() + lane.pending.grants() >= WAITING_MAX
}
/// Asks the camera.
fn ask_camera(lane: &mut Lane, step: &mut Step<'_>, looking: Looking) {
    let presented = about(
        lane,
        step,
        looking.direction,
        &looking.credential,
        looking.person_tag,
    );
    let display = presented.look_display(looking.again);
    step.out.push(LaneEffect::LookAtFace {
        look: looking.look,
        direction: looking.direction,
        worker: looking.worker,
        until_mono_ms: looking.until_mono_ms,
    });
    step.out.push(LaneEffect::Show(display));
    lane.looks.begin(looking);
}

/// The camera has answered. Who comes in with an uncertain face gets one further try.
pub(super) fn seen(lane: &mut Lane, step: &mut Step<'_>, look: LookId, evidence: &FaceEvidence) {
    let Some(looking) = lane.looks.take(look) else {
        return;
    };
    let policy = &step.site.policy.face;
    let mut found = compare(evidence, policy);
    if found == FaceFinding::NoFace {
        found = looking.unanswered();
    }
    if found == FaceFinding::Uncertain
        && !looking.again
        && looking.direction == Direction::In
        && lane.looks.camera(Direction::In) == Camera::Up
    {
        let until_mono_ms = step.now.mono_ms.saturating_add(policy.second_look_ms);
        let again = Looking {
            again: true,
            until_mono_ms,
            ..looking
        };
        ask_camera(lane, step, again);
    } else {
        compared(lane, step, looking, found);
    }
}

/// Goes on without a camera that stays silent or is gone.
pub(super) fn expire_looks(lane: &mut Lane, step: &mut Step<'_>) {
    while let Some(looking) = lane.looks.take_over(step.now.mono_ms) {
        let found = looking.unanswered();
        compared(lane, step, looking, found);
    }
}

fn compared(lane: &mut Lane, step: &mut Step<'_>, looking: Looking, found: FaceFinding) {
    let direction = looking.direction;
    let presented = about(
        lane,
        step,
        direction,
        &looking.credential,
        looking.person_tag,
    );
    let judged = judge(&presented, is_busy(lane), Some(found));
    let kept = match found {
        FaceFinding::Other => true,
        FaceFinding::Uncertain => direction == Direction::In,
        FaceFinding::Same | FaceFinding::NotEnrolled | FaceFinding::NoFace => false,
    };
    let pictures = kept.then_some(looking.look);
    decided(lane, step, direction, Some(looking.key), (judged, pictures));
}

fn decided(
    lane: &mut Lane,
    step: &mut Step<'_>,
    direction: Direction,
    key: Option<PersonKey>,
    (judged, pictures): (Judged, Option<LookId>),
) {
    let asked = Asked {
        direction,
        granted: judged.granted,
        worker: judged.worker,
        visit: judged.visit,
        counted: judged.counted,
        display: judged.display,
        pictures,
        at_mono_ms: step.now.mono_ms,
        deadline_mono_ms: step.now.mono_ms.saturating_add(lane.settings.commit_ms_max),
        late: None,
    };
    let ticket = ask(lane, step, judged.act, asked);
    if let Some((key, ticket)) = key
        .zip(ticket)
        .filter(|_| judged.denial != Some(Denial::LaneBusy))
    {
        lane.repeats.remember(Earlier {
            key,
            direction,
            at_mono_ms: step.now.mono_ms,
            ticket,
            seq: None,
            display: judged.repeat_display,
        });
    }
}
