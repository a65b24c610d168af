//! Plays the scripted day: streams of people, single turns, faults and marks, each at its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::error::SimError;
use crate::face_visit::{FacePlan, face_visit};
use crate::journal::{Act, MarkPhase};
use crate::people::{Person, Standing};
use crate::reader::ReaderFault;
use crate::seed::Seeded;
use crate::site::Site;
use crate::site_day::{FaceStream, Happening, PlanWord, Stream};
use crate::visit::{Plan, visit};

/// Plays the whole day; returns when every turn is over and the day is as long as the scenario says.
pub async fn play(site: &Site) -> Result<(), SimError> {
    site.journal().write(Act::PlayStarted);
    let begun = Instant::now();
    let at = |seconds: u64| begun + Duration::from_secs(seconds);
    let mut acts: JoinSet<Result<(), SimError>> = JoinSet::new();
    for (place, stream) in (1u64..).zip(&site.day().stream) {
        for turn in turns_of(site, stream, Seeded::new(site.day().seed).fork(place)) {
            let (site, reader) = (site.clone(), stream.reader.clone());
            acts.spawn(async move {
                sleep_until(begun + turn.after).await;
                visit(&site, &reader, &turn.person, turn.plan)
                    .await
                    .map(drop)
            });
        }
    }
    for stream in &site.day().face_stream {
        for (after, plan) in faces_of(site, stream)? {
            let site = site.clone();
            acts.spawn(async move {
                sleep_until(begun + after).await;
                face_visit(&site, &plan).await.map(drop)
            });
        }
    }
    for scripted in site.day().visit.clone() {
        let (site, when) = (site.clone(), at(scripted.at_s));
        acts.spawn(async move {
            sleep_until(when).await;
            let person = Arc::clone(site.person(&scripted.who)?);
            let plan = Plan {
                word: scripted.plan,
                fault: None,
            };
            visit(&site, &scripted.reader, &person, plan)
                .await
                .map(drop)
        });
    }
    for happening in site.day().happening.clone() {
        let (site, when) = (site.clone(), at(happening.at_s));
        acts.spawn(async move {
            sleep_until(when).await;
            happen(&site, &happening).await
        });
    }
    for mark in site.day().mark.clone() {
        let (site, from, to) = (site.clone(), at(mark.from_s), at(mark.to_s));
        acts.spawn(async move {
            for (when, phase) in [(from, MarkPhase::Begin), (to, MarkPhase::End)] {
                sleep_until(when).await;
                site.journal().write(Act::Mark {
                    name: mark.name.clone(),
                    phase,
                });
            }
            Ok(())
        });
    }
    let mut first_error = Ok(());
    while let Some(ended) = acts.join_next().await {
        if let (Ok(Err(error)), Ok(())) = (ended, &first_error) {
            first_error = Err(error);
        }
    }
    sleep_until(at(site.day().duration_s)).await;
    site.journal().write(Act::PlayEnded);
    first_error
}

async fn happen(site: &Site, happening: &Happening) -> Result<(), SimError> {
    if let Some(fault) = happening.fault {
        site.fault(&happening.device, fault).await?;
    }
    if let Some(act) = happening.act {
        site.device_act(&happening.device, act).await?;
    }
    Ok(())
}

struct ScriptedTurn {
    after: Duration,
    person: Arc<Person>,
    plan: Plan,
}

/// The turns of a stream: spread evenly, each up to half a step late, with the habits that its percentages say.
fn turns_of(site: &Site, stream: &Stream, mut seeded: Seeded) -> Vec<ScriptedTurn> {
    let admitted: Vec<_> = site.crowd().of_standing(Standing::Admitted).collect();
    let span_ms = stream
        .to_s
        .saturating_sub(stream.from_s)
        .saturating_mul(1_000);
    let step_ms = span_ms.checked_div(u64::from(stream.turns)).unwrap_or(0);
    (0..stream.turns)
        .filter_map(|turn| {
            let place = u64::from(stream.first).saturating_add(u64::from(turn));
            let place = place.checked_rem(u64::try_from(admitted.len()).ok()?)?;
            let person = Arc::clone(admitted.get(usize::try_from(place).ok()?)?);
            let begin_ms = stream.from_s.saturating_mul(1_000);
            let late_ms = seeded.below((step_ms / 2).max(1));
            let after_ms = begin_ms.saturating_add(step_ms.saturating_mul(u64::from(turn)));
            let after = Duration::from_millis(after_ms.saturating_add(late_ms));
            let plan = plan_of(stream, &mut seeded);
            Some(ScriptedTurn {
                after,
                person,
                plan,
            })
        })
        .collect()
}

/// The turns of a stream of faces, at even distances.
fn faces_of(site: &Site, stream: &FaceStream) -> Result<Vec<(Duration, FacePlan)>, SimError> {
    let card = match &stream.card {
        Some(who) => Some(Arc::clone(site.person(who)?)),
        None => None,
    };
    let (from, to) = (
        Duration::from_secs(stream.from_s),
        Duration::from_secs(stream.to_s),
    );
    let times = (0_u32..).map(|turn| from + Duration::from_millis(stream.every_ms) * turn);
    let turns = times
        .take_while(|at| *at <= to)
        .zip(stream.shots.iter().cycle());
    Ok(turns
        .map(|(at, shot)| {
            let plan = FacePlan {
                place: (stream.lane.clone(), stream.direction),
                shot: shot.clone(),
                showing: stream.showing,
                wait_ms: stream.wait_ms,
                card: card.clone(),
            };
            (at, plan)
        })
        .collect())
}

fn plan_of(stream: &Stream, seeded: &mut Seeded) -> Plan {
    let double = seeded.percent(stream.double_percent);
    let stays = seeded.percent(stream.stay_percent);
    let wavers = seeded.percent(stream.waver_percent);
    let word = match (double, stays, wavers) {
        (true, ..) => PlanWord::Double,
        (_, true, _) => PlanWord::Stay,
        (.., true) => PlanWord::Waver,
        (false, false, false) => PlanWord::Normal,
    };
    let fault = seeded
        .percent(stream.bad_read_percent)
        .then(|| bad_read(seeded))
        .flatten();
    Plan { word, fault }
}

/// Faults that a person meets on a normal day: the next try works.
fn bad_read(seeded: &mut Seeded) -> Option<ReaderFault> {
    let bytes = usize::try_from(seeded.between(1, 1_200)).ok()?;
    let faults = [
        ReaderFault::Status { status: 0x41 },
        ReaderFault::BadChecksum,
        ReaderFault::NoiseInside,
        ReaderFault::NoiseBefore,
        ReaderFault::FourAa,
        ReaderFault::HalfFrame { bytes },
        ReaderFault::Doubled,
        ReaderFault::LiftDuringRead,
    ];
    seeded.pick(&faults).copied()
}
