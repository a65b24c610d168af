//! What the city asks for: less at a time, or nothing for a while.

use sync_wire::message::{Message, Tier};
use sync_wire::{Ctl, Report, Topic};

use crate::tests::world::World;
use crate::{Input, Survey};

fn online(backlog: u64, edit: impl Fn(&mut sync_wire::Ack)) -> World {
    let mut world = World::new(backlog);
    let mut answer = world.answer(Some(1));
    edit(&mut answer);
    world.hear(answer);
    world
}

fn bulk_records(world: &World) -> u64 {
    let sent = world.messages(Tier::Bulk);
    sent.iter().map(|(from, to)| to - from + 1).sum()
}

#[test]
fn a_busy_city_silences_the_backlog_but_not_the_gate() {
    let mut world = online(100, |answer| answer.retry_after_ms = Some(5_000));
    assert!(world.messages(Tier::Bulk).is_empty());
    world.append(1);
    assert_eq!(world.live_messages(), [(101, 101)]);
    world.advance(5_000);
    assert!(!world.messages(Tier::Bulk).is_empty());
}

#[test]
fn a_city_cannot_silence_the_backlog_for_ever() {
    let mut world = online(100, |answer| answer.retry_after_ms = Some(u64::MAX));
    world.advance(599_999);
    assert!(world.messages(Tier::Bulk).is_empty());
    world.advance(1);
    assert!(!world.messages(Tier::Bulk).is_empty());
}

#[test]
fn a_rate_is_kept_and_ends() {
    let mut world = online(700, |answer| answer.bulk_rate = Some(7));
    assert_eq!(
        bulk_records(&world),
        7,
        "one message of seven, then a second's pause"
    );
    world.advance(999);
    assert_eq!(bulk_records(&world), 7);
    let mut sent = 7;
    for _ in 0..20 {
        world.advance(500);
        while !world.up.is_empty() {
            if world.up[0].0 == Topic::UpBulk {
                let header = Message::decode(&world.up[0].1).unwrap().header;
                sent += header.n;
            }
            world.deliver_up(0);
        }
        while !world.down.is_empty() {
            world.deliver_down(0);
        }
    }
    // The first seven were counted above and are delivered here as well.
    assert!(
        (70..=91).contains(&sent),
        "{sent} in eleven seconds at 7 a second"
    );
    world.append(1);
    assert!(!world.live_messages().is_empty(), "a gate knows no rate");
    let mut free = world.answer(None);
    free.bulk_rate = Some(0);
    world.hear(free);
    world.advance(1_000);
    assert!(bulk_records(&world) > 7, "0 ends it");
}

#[test]
fn a_heartbeat_tells_what_waits() {
    let mut world = online(3, |_| {});
    world.up.clear();
    let gap = sync_wire::record::Gap {
        from: 1,
        to: 2,
        cause: sync_wire::record::GapCause::Suspended,
        reason: Some("春节停工".to_owned()),
    };
    world.input(Input::Survey(Survey {
        oldest_at: Some(77),
        gaps: vec![gap.clone()],
    }));
    let (topic, payload) = world.up.last().unwrap();
    assert_eq!(*topic, Topic::UpCtl);
    let Ctl::Heartbeat(beat) = Ctl::decode(payload).unwrap() else {
        panic!("no heartbeat");
    };
    assert_eq!((beat.oldest_at, beat.backlog), (Some(77), 3));
    assert_eq!(beat.gaps, [gap]);
}

#[test]
fn results_wait_for_a_connection() {
    let mut world = World::new(0);
    world.disconnect(u32::MAX);
    let report = |number| Report {
        v: 1,
        r#box: "box-demo".to_owned(),
        topic: sync_wire::ctl::ReportTopic::Cmd,
        number: Some(number),
        command: Some("policy".to_owned()),
        ok: true,
        code: None,
        message: None,
        sent_at: 1,
    };
    for number in 0..40 {
        world.input(Input::Report(report(number)));
    }
    assert!(world.up.is_empty());
    world.advance(1_000);
    let results: Vec<u64> = world
        .up
        .iter()
        .filter(|(topic, _)| *topic == Topic::UpCtl)
        .filter_map(|(_, payload)| match Ctl::decode(payload).unwrap() {
            Ctl::Result(report) => report.number,
            Ctl::Hello(_) | Ctl::Compare(_) | Ctl::Heartbeat(_) | Ctl::Digest(_) => None,
        })
        .collect();
    assert_eq!(
        results,
        (8..40).collect::<Vec<u64>>(),
        "the newest 32, once each"
    );
}
