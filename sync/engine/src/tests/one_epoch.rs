//! The promises for one epoch, one by one.

use sync_wire::message::{Message, Tier};
use sync_wire::{Ctl, Hash, Topic};

use crate::tests::world::World;
use crate::{Action, Alarm, Input, Link};

fn hellos(world: &World) -> Vec<u64> {
    let ctl = world.up.iter().filter(|(topic, _)| *topic == Topic::UpCtl);
    ctl.filter_map(|(_, payload)| match Ctl::decode(payload).unwrap() {
        Ctl::Hello(hello) => Some(hello.number),
        Ctl::Compare(_) | Ctl::Heartbeat(_) | Ctl::Result(_) | Ctl::Digest(_) => None,
    })
    .collect()
}

fn alarms(world: &World) -> Vec<Alarm> {
    let alarm = |action: &Action| {
        if let Action::Alarm(alarm) = action {
            Some(alarm.clone())
        } else {
            None
        }
    };
    world.done.iter().filter_map(alarm).collect()
}

#[test]
fn connects_subscribes_announces_and_says_hello() {
    let world = World::new(3);
    assert_eq!(world.done[0], Action::Connect);
    assert_eq!(world.done[1], Action::Subscribe);
    assert!(matches!(
        world.done[2],
        Action::Publish {
            topic: Topic::State,
            retain: true,
            ..
        }
    ));
    assert_eq!(hellos(&world), [1]);
    assert!(
        world.messages(Tier::Bulk).is_empty(),
        "nothing flows before the city has answered"
    );
}

#[test]
fn hello_is_repeated_with_growing_waits_until_answered() {
    let mut world = World::new(3);
    let mut waits = Vec::new();
    let mut last = world.mono_ms;
    for _ in 0..6 {
        let sent = hellos(&world).len();
        while hellos(&world).len() == sent {
            let (at, _) = world.engine.poll_timeout().unwrap();
            world.mono_ms = at;
            world.input(Input::Tick);
        }
        waits.push(world.mono_ms - last);
        last = world.mono_ms;
    }
    assert_eq!(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    // One that nobody asked for yet does not count, any other does.
    let early = world.answer(Some(8));
    world.hear(early);
    assert!(matches!(world.engine.status().link, Link::Greeting { .. }));
    let oldest = world.answer(Some(1));
    world.hear(oldest);
    assert_eq!(world.engine.status().link, Link::Online);
}

#[test]
fn backlog_goes_oldest_first_within_its_window() {
    let mut world = World::new(100);
    let answer = world.answer(Some(1));
    world.hear(answer);
    assert_eq!(world.messages(Tier::Bulk), [(1, 7), (8, 14), (15, 21)]);
    assert!(world.live_messages().is_empty());
}

#[test]
fn a_fresh_record_does_not_wait_behind_the_backlog() {
    let mut world = World::new(100);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.append(2);
    assert_eq!(world.live_messages(), [(101, 101), (102, 102)]);
}

/// Neither a question nor its answer makes backlog of what is fresh, nor does a new connection.
#[test]
fn a_record_made_while_the_city_is_asked_stays_fresh() {
    let mut world = World::new(100);
    world.append(1);
    let answer = world.answer(Some(1));
    world.hear(answer);
    assert_eq!(world.live_messages(), [(101, 101)]);
    // It is lost, as everything on that connection.
    world.disconnect(0);
    world.append(1);
    world.advance(1_000);
    world.append(1);
    let answer = world.answer(Some(2));
    world.hear(answer);
    assert_eq!(world.live_messages(), [(101, 103)]);
    world.calm();
    world.check();
}

#[test]
fn a_full_live_window_sends_the_newest_next() {
    let mut world = World::new(0);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.append(20);
    let window: Vec<(u64, u64)> = (1..=8).map(|seq| (seq, seq)).collect();
    assert_eq!(world.live_messages(), window);
    // The first is acknowledged: one place is free, the newest five take it.
    let first = world
        .up
        .iter()
        .position(|(topic, _)| *topic == Topic::UpLive)
        .unwrap();
    world.deliver_up(first);
    let ack = world.down.pop().unwrap();
    world.hear(ack);
    assert_eq!(world.live_messages().last(), Some(&(16, 20)));
}

#[test]
fn too_many_fresh_records_become_backlog() {
    let mut world = World::new(0);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.append(100);
    assert!(!world.messages(Tier::Bulk).is_empty());
    world.calm();
    world.check();
}

#[test]
fn the_city_decides_where_to_go_on() {
    let mut world = World::new(50);
    world.calm();
    world.check();
    // Restored from a backup: the cursor goes back and the city is filled again.
    world.city.restore(20);
    world.disconnect(0);
    world.calm();
    world.check();
    assert_eq!(alarms(&world), [Alarm::CityWentBack { was: 50, now: 20 }]);
}

#[test]
fn a_city_that_greets_gets_a_hello_at_once() {
    let mut world = World::new(10);
    world.calm();
    world.advance(2_000);
    world.up.clear();
    world.city.restore(4);
    let mut greeting = world.answer(None);
    greeting.greet = true;
    world.hear(greeting);
    assert_eq!(hellos(&world).len(), 1);
    world.calm();
    world.check();
}

/// Every record that went out, however often.
fn sent(world: &World) -> Vec<u64> {
    let seqs = |action: &Action| {
        let Action::Publish { topic, payload, .. } = action else {
            return Vec::new();
        };
        if !matches!(topic, Topic::UpBulk | Topic::UpLive) {
            return Vec::new();
        }
        let header = Message::decode(payload).unwrap().header;
        (header.from..=header.to).collect::<Vec<u64>>()
    };
    let mut sent: Vec<u64> = world.done.iter().flat_map(seqs).collect();
    sent.sort_unstable();
    sent
}

/// A city with a hole somewhere greets again and again: what moves is left alone.
#[test]
fn a_greeting_in_the_middle_of_a_drain_sends_nothing_twice() {
    let mut world = World::new(300);
    let answer = world.answer(Some(1));
    world.hear(answer);
    let mut greetings = 0;
    while world.engine.status().backlog > 0 {
        world.advance(400);
        let asked = hellos(&world).len();
        let mut greeting = world.answer(None);
        greeting.greet = true;
        world.hear(greeting);
        greetings += 1;
        assert!(hellos(&world).len() <= asked + 1);
        // One of what is on its way arrives, and its acknowledgement before the next greeting.
        world.deliver_up(0);
        while !world.down.is_empty() {
            world.deliver_down(0);
        }
    }
    assert!(greetings > 40, "{greetings}");
    assert_eq!(sent(&world), (1..=300).collect::<Vec<u64>>());
    assert_eq!(alarms(&world), []);
    world.calm();
    world.check();
}

/// A city that was started again greets: whatever was under way to it is lost.
#[test]
fn what_a_city_lost_at_its_start_is_sent_again_at_its_answer() {
    let mut world = World::new(100);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.advance(2_000);
    assert_eq!(world.messages(Tier::Bulk), [(1, 7), (8, 14), (15, 21)]);
    world.up.clear();
    let mut greeting = world.answer(None);
    greeting.greet = true;
    world.hear(greeting);
    let asked = hellos(&world);
    assert_eq!(asked.len(), 1);
    let answer = world.answer(Some(asked[0]));
    world.hear(answer);
    assert_eq!(world.messages(Tier::Bulk), [(1, 7), (8, 14), (15, 21)]);
    world.calm();
    world.check();
}

/// A city that went back says so in its answer, whatever it had acknowledged meanwhile.
#[test]
fn a_city_that_went_back_in_the_middle_of_a_drain_is_filled_again() {
    let mut world = World::new(100);
    let answer = world.answer(Some(1));
    world.hear(answer);
    for _ in 0..6 {
        world.deliver_up(0);
        world.deliver_down(0);
    }
    world.advance(2_000);
    world.city.restore(3);
    let mut greeting = world.answer(None);
    greeting.greet = true;
    world.hear(greeting);
    world.calm();
    world.check();
    let told = alarms(&world);
    assert!(
        matches!(told[..], [Alarm::CityWentBack { now: 3, .. }]),
        "{told:?}"
    );
}

#[test]
fn another_beginning_is_no_city_of_this_box() {
    let mut world = World::new(10);
    let mut answer = world.answer(Some(1));
    answer.head = Hash::from_bytes([1; 32]);
    world.hear(answer);
    assert!(matches!(world.engine.status().link, Link::Forked { .. }));
    assert_eq!(alarms(&world), [Alarm::ForeignAck { seq: 0 }]);
    world.append(5);
    assert!(world.messages(Tier::Bulk).is_empty() && world.live_messages().is_empty());
    // It keeps asking, once a minute; the answer may be right one day.
    world.up.clear();
    world.advance(60_000);
    assert_eq!(hellos(&world), [2]);
    let answer = world.answer(Some(2));
    world.hear(answer);
    world.calm();
    world.check();
}

#[test]
fn a_lying_ack_settles_nothing() {
    let mut world = World::new(10);
    let answer = world.answer(Some(1));
    world.hear(answer);
    let mut lie = world.answer(None);
    lie.through = 10;
    world.hear(lie);
    assert_eq!(world.engine.status().acked_through, 0);
    assert_eq!(alarms(&world), [Alarm::ForeignAck { seq: 10 }]);
    assert_eq!(world.engine.status().refused, 1);
    world.calm();
    world.check();
}

#[test]
fn an_ack_of_another_epoch_is_ignored() {
    let mut world = World::new(10);
    let mut other = world.answer(Some(1));
    other.epoch = "ffffffffffffffff".to_owned();
    world.hear(other);
    assert!(matches!(world.engine.status().link, Link::Greeting { .. }));
    assert!(alarms(&world).is_empty());
    assert_eq!(world.engine.status().refused, 1);
}

#[test]
fn silence_after_sending_asks_with_a_hello() {
    let mut world = World::new(10);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.up.clear();
    world.advance(9_999);
    assert!(hellos(&world).is_empty());
    world.advance(1);
    assert_eq!(hellos(&world), [2]);
    world.calm();
    world.check();
}

#[test]
fn one_lost_message_is_missed_although_others_arrive() {
    let mut world = World::new(0);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.append(1);
    world.up.clear();
    for _ in 0..6 {
        world.append(1);
        let sent = world
            .up
            .iter()
            .position(|(topic, _)| *topic == Topic::UpLive)
            .unwrap();
        world.deliver_up(sent);
        world.deliver_down(0);
        assert_eq!(world.engine.status().acked_through, 0);
        world.advance(9_000);
    }
    assert_eq!(hellos(&world), Vec::<u64>::new());
    world.advance(6_000);
    assert_eq!(hellos(&world), [2]);
    world.calm();
    world.check();
}

#[test]
fn old_records_are_marked_as_replay() {
    let mut world = World::new(3);
    world.mono_ms += 60_001;
    let answer = world.answer(Some(1));
    world.hear(answer);
    world.append(1);
    let replay: Vec<bool> = world
        .up
        .iter()
        .filter(|(topic, _)| matches!(topic, Topic::UpBulk | Topic::UpLive))
        .map(|(_, payload)| Message::decode(payload).unwrap().header.replay)
        .collect();
    assert_eq!(replay, [true, false]);
}

#[test]
fn heartbeats_come_every_half_minute() {
    let mut world = World::new(3);
    world.calm();
    world.up.clear();
    for _ in 0..3 {
        world.advance(30_000);
    }
    let beats = world.up.iter().filter(|(topic, _)| *topic == Topic::UpCtl);
    let beats: Vec<Ctl> = beats
        .map(|(_, payload)| Ctl::decode(payload).unwrap())
        .collect();
    assert_eq!(beats.len(), 3);
    assert!(matches!(&beats[2], Ctl::Heartbeat(beat) if beat.backlog == 0 && beat.last == 3));
}

#[test]
fn waits_grow_until_a_connection_was_stable() {
    let mut world = World::new(1);
    let mut waits = Vec::new();
    for held_ms in [0, 0, 0, 60_000] {
        world.advance(held_ms);
        world.disconnect(u32::MAX);
        let Link::Offline { retry_at_ms } = world.engine.status().link else {
            panic!("still connected");
        };
        waits.push(retry_at_ms - world.mono_ms);
        world.advance(retry_at_ms - world.mono_ms);
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 1_000]);
}

#[test]
fn a_read_that_failed_once_is_tried_again() {
    let mut world = World::new(3);
    let answer = world.answer(Some(1));
    world.engine.handle(
        now(&world),
        Input::Ack {
            ours: [(0, answer.head)].into(),
            ack: answer,
        },
    );
    // That nothing is parked is kept first.
    assert!(matches!(
        world.engine.poll_action(),
        Some(Action::SaveParked { .. })
    ));
    assert!(matches!(
        world.engine.poll_action(),
        Some(Action::Read {
            tier: Tier::Bulk,
            ..
        })
    ));
    world.engine.handle(
        now(&world),
        Input::ReadFailed {
            epoch: crate::tests::world::EPOCH.to_owned(),
            tier: Tier::Bulk,
        },
    );
    // Somewhere in it is what cannot be read: half of it is tried.
    let half = world.engine.poll_action();
    assert!(matches!(
        half,
        Some(Action::Read {
            from: 1,
            records_max: 1,
            ..
        })
    ));
    world.engine.handle(
        now(&world),
        Input::ReadFailed {
            epoch: crate::tests::world::EPOCH.to_owned(),
            tier: Tier::Bulk,
        },
    );
    world.settle();
    world.calm();
    world.check();
}

fn now(world: &World) -> crate::Now {
    crate::Now {
        mono_ms: world.mono_ms,
        wall_ms: 1_795_302_124_000,
        clock: sync_wire::record::ClockQuality::Synced,
    }
}
