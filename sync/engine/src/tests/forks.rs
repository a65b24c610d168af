//! The rows of the identity table: files that go back, are copied or come to light.

use sync_wire::ack::AckRange;
use sync_wire::message::Message;
use sync_wire::{Ctl, Hash, Topic};

use crate::tests::world::{EPOCH, World};
use crate::{Action, Alarm, Fork, Input, Link};

const OLD: &str = "8899aabbccddeeff";

pub(crate) fn alarms(world: &World) -> Vec<&Alarm> {
    let done = world.done.iter();
    done.filter_map(|action| {
        if let Action::Alarm(alarm) = action {
            Some(alarm)
        } else {
            None
        }
    })
    .collect()
}

fn forks(world: &World) -> Vec<&Fork> {
    let done = world.done.iter();
    done.filter_map(|action| {
        if let Action::CarryOver(fork) = action {
            Some(fork)
        } else {
            None
        }
    })
    .collect()
}

fn comparisons(world: &World) -> usize {
    let hashes = |action: &&Action| matches!(action, Action::Hashes { .. });
    world.done.iter().filter(hashes).count()
}

fn forked(common: u64, city_through: u64, our_last: u64) -> Alarm {
    Alarm::Forked {
        epoch: EPOCH.to_owned(),
        common,
        city_through,
        our_last,
    }
}

#[test]
fn a_file_that_went_back_begins_a_new_epoch_with_nothing_to_carry() {
    let mut world = World::new(50);
    world.calm();
    world.go_back(30);
    world.calm();
    world.check();
    assert_eq!(alarms(&world), [&forked(30, 50, 30)]);
    assert_eq!(
        world.current().records.len(),
        1,
        "epoch_began, nothing carried"
    );
    assert_eq!(
        world.city.through(EPOCH),
        50,
        "what only the city has stays there"
    );
    assert_eq!(world.engine.epoch(), world.current().name);
    world.append(3);
    world.calm();
    world.check();
}

#[test]
fn a_file_that_went_back_and_on_carries_what_the_city_lacks() {
    let mut world = World::new(500);
    world.calm();
    world.go_back(321);
    world.disconnect(1);
    world.append(200);
    world.calm();
    world.check();
    assert_eq!(alarms(&world), [&forked(321, 500, 521)]);
    assert_eq!(world.current().records.len(), 201);
    assert_eq!(
        world.city.refused, 0,
        "the box noticed before it sent anything"
    );
    // 64 marks at a time among 500, and one question about what is left of the old epoch.
    assert_eq!(comparisons(&world), 3);
}

#[test]
fn records_go_on_while_the_place_is_looked_for() {
    let mut world = World::new(500);
    world.calm();
    world.go_back(100);
    world.append(5);
    // The hello is answered, the comparison is on its way: people pass meanwhile.
    while !matches!(world.engine.status().link, Link::Comparing { .. }) {
        world.deliver_up(0);
        world.deliver_down(0);
    }
    world.append(5);
    assert!(
        world.live_messages().is_empty(),
        "nothing is uploaded meanwhile"
    );
    world.calm();
    world.check();
    assert_eq!(world.current().records.len(), 11);
}

#[test]
fn two_machines_with_one_file_fork_when_the_second_comes() {
    let mut world = World::new(40);
    world.calm();
    let copy = world.epochs.clone();
    world.append(10);
    world.calm();
    let first = std::mem::replace(&mut world.epochs, copy);
    world.restart();
    world.append(7);
    world.calm();
    world.check();
    let second = std::mem::replace(&mut world.epochs, first);
    world.restart();
    world.append(4);
    world.calm();
    world.check();
    for epoch in &second {
        for record in &epoch.records {
            assert_eq!(
                world
                    .city
                    .count(&crate::tests::model_city::act_of(&record.body)),
                1
            );
        }
    }
}

#[test]
fn what_was_carried_is_carried_on_under_its_first_name() {
    let mut world = World::new(20);
    world.calm();
    world.go_back(10);
    world.disconnect(1);
    world.append(5);
    world.calm();
    world.check();
    // The new epoch goes back as well, and the acts that were carried are carried on.
    let copy = world.epochs.clone();
    world.city.restore(2);
    world.append(2);
    world.calm();
    world.epochs = copy;
    world.go_back(4);
    world.append(3);
    world.calm();
    world.check();
}

#[test]
fn an_older_epoch_goes_up_under_its_own_name_after_the_newest() {
    let mut world = World::new(30);
    world.recover(OLD, 25);
    world.restart();
    let answer = world.answer(Some(1));
    world.hear(answer);
    let of_old = |world: &World| {
        let old = |(topic, payload): &&(Topic, Vec<u8>)| {
            *topic == Topic::UpBulk && Message::decode(payload).unwrap().header.epoch == OLD
        };
        world.up.iter().filter(old).count()
    };
    assert_eq!(of_old(&world), 0, "the newest first");
    assert_eq!(world.engine.status().backlog, 55);
    assert_eq!(world.engine.status().older, 1);
    world.calm();
    world.check();
    assert_eq!(world.engine.status().older, 0);
    assert!(alarms(&world).is_empty());
}

#[test]
fn an_older_epoch_says_that_it_is_closed() {
    let mut world = World::new(0);
    world.recover(OLD, 3);
    world.restart();
    let answer = world.answer(Some(1));
    world.hear(answer);
    let hello = world
        .up
        .iter()
        .rev()
        .find_map(|(_, payload)| match Ctl::decode(payload) {
            Ok(Ctl::Hello(hello)) => Some(hello),
            _ => None,
        });
    let hello = hello.unwrap();
    assert_eq!(
        (hello.epoch.as_str(), hello.closed, hello.last),
        (OLD, true, 3)
    );
}

#[test]
fn a_backlog_of_an_old_epoch_never_delays_a_live_record() {
    let mut world = World::new(0);
    world.recover(OLD, 500);
    world.restart();
    for _ in 0..20 {
        world.deliver_up(0);
        world.deliver_down(0);
    }
    assert!(!world.messages(sync_wire::message::Tier::Bulk).is_empty());
    world.append(1);
    assert_eq!(world.live_messages(), [(1, 1)]);
}

#[test]
fn older_epochs_go_one_after_another() {
    let mut world = World::new(5);
    for number in 1..=4_u64 {
        world.recover(&format!("{number:016x}"), 30);
    }
    world.restart();
    world.calm();
    world.check();
}

#[test]
fn an_older_epoch_of_which_more_comes_to_light_goes_on() {
    let mut world = World::new(5);
    world.recover(OLD, 10);
    world.restart();
    world.calm();
    for seq in 11..=30 {
        let body = world.body(seq);
        world.named(OLD).push(body);
    }
    // Older epochs are looked for with every heartbeat.
    world.advance(30_000);
    assert_eq!(world.engine.status().older, 1);
    world.calm();
    world.check();
    assert!(alarms(&world).is_empty());
}

#[test]
fn what_was_carried_over_is_never_fresh() {
    let mut world = World::new(20);
    world.calm();
    world.go_back(10);
    world.append(3);
    while world.epochs.len() < 2 {
        world.deliver_up(0);
        world.deliver_down(0);
    }
    let mut replay = Vec::new();
    while world.engine.status().backlog > 0 {
        let message = world
            .up
            .iter()
            .find_map(|(_, payload)| Message::decode(payload).ok());
        replay.extend(message.map(|message| (message.header.from, message.header.replay)));
        world.deliver_up(0);
        world.deliver_down(0);
    }
    assert!(replay.iter().any(|(_, replay)| *replay), "{replay:?}");
    world.calm();
    world.check();
}

#[test]
fn a_city_with_more_of_an_older_epoch_is_nothing_remarkable() {
    let mut world = World::new(50);
    world.calm();
    // `menwei restore`: the old copy is brought back, and a new epoch begins at once.
    let mut old = world.epochs.remove(0);
    old.records.truncate(30);
    world.epochs = vec![old, super::file::Epoch::new("00000000000000aa")];
    world.restart();
    world.append(4);
    world.calm();
    assert!(alarms(&world).is_empty());
    assert!(forks(&world).is_empty());
    assert_eq!(world.city.through("00000000000000aa"), 4);
}

#[test]
fn an_older_epoch_with_another_end_is_carried_over_once() {
    let mut world = World::new(50);
    world.calm();
    let mut old = world.epochs.remove(0);
    old.records.truncate(30);
    for seq in 31..=36 {
        let body = world.body(seq);
        old.push(body);
    }
    world.epochs = vec![old, super::file::Epoch::new("00000000000000aa")];
    world.restart();
    world.append(4);
    world.calm();
    assert_eq!(forks(&world).len(), 1);
    assert_eq!(forks(&world)[0].common, 30);
    assert_eq!(world.current().records.len(), 10);
    world.advance(60_000);
    world.calm();
    assert_eq!(forks(&world).len(), 1);
}

#[test]
fn a_city_that_lost_part_of_an_older_epoch_is_filled_again() {
    let mut world = World::new(30);
    world.recover(OLD, 25);
    world.restart();
    world.calm();
    world.city.restore(10);
    let mut greeting = world.answer(None);
    greeting.greet = true;
    world.advance(2_000);
    world.hear(greeting);
    world.calm();
    world.check();
}

#[test]
fn a_city_that_greets_by_an_older_epoch_is_asked_about_this_one_too() {
    let mut world = World::new(30);
    world.recover(OLD, 25);
    world.restart();
    world.calm();
    world.city.restore(10);
    let mut greeting = world.city.ack(OLD, None);
    greeting.greet = true;
    world.advance(2_000);
    world.hear(greeting);
    world.calm();
    world.check();
}

/// The number of the newest question on its way.
pub(crate) fn asked(world: &World) -> Option<u64> {
    world.up.iter().rev().find_map(|(topic, payload)| {
        if *topic != Topic::UpCtl {
            return None;
        }
        match Ctl::decode(payload).unwrap() {
            Ctl::Hello(hello) => Some(hello.number),
            Ctl::Compare(compare) => Some(compare.number),
            Ctl::Heartbeat(_) | Ctl::Result(_) | Ctl::Digest(_) => None,
        }
    })
}

#[test]
fn answers_to_nothing_are_refused_and_change_nothing() {
    let mut world = World::new(300);
    world.calm();
    world.go_back(100);
    world.append(5);
    while !matches!(world.engine.status().link, Link::Comparing { .. }) {
        world.deliver_up(0);
        world.deliver_down(0);
    }
    let number = asked(&world).unwrap();
    let mut stale = world.answer(None);
    stale.compare = Some(sync_wire::Compared {
        number: number - 1,
        same: 105,
    });
    world.hear(stale.clone());
    assert!(matches!(world.engine.status().link, Link::Comparing { .. }));
    // A mark that nobody asked about: back to the hello.
    stale.compare = Some(sync_wire::Compared {
        number,
        same: 1_000_000,
    });
    world.hear(stale);
    assert_eq!(world.engine.status().refused, 1);
    world.calm();
    world.check();
    assert_eq!(forks(&world).len(), 1);
}

#[test]
fn an_unanswered_comparison_is_asked_again_and_then_begins_anew() {
    let mut world = World::new(300);
    world.calm();
    world.go_back(100);
    world.append(5);
    while !matches!(world.engine.status().link, Link::Comparing { .. }) {
        world.deliver_up(0);
        world.deliver_down(0);
    }
    for _ in 0..40 {
        world.up.clear();
        world.advance(10_000);
    }
    assert!(forks(&world).is_empty());
    world.calm();
    world.check();
}

#[test]
fn a_range_with_a_foreign_end_is_a_fork_too() {
    let mut world = World::new(40);
    world.calm();
    let mut answer = world.answer(None);
    answer.through = 10;
    answer.head = world.current().records[9].hash;
    answer.ranges = vec![AckRange {
        from: 20,
        to: 30,
        head: Hash::from_bytes([1; 32]),
    }];
    world.disconnect(0);
    world.advance(1_000);
    answer.hello = asked(&world);
    world.up.clear();
    world.hear(answer);
    assert!(matches!(world.engine.status().link, Link::Comparing { .. }));
}

#[test]
fn a_ledger_that_cannot_carry_over_is_asked_again() {
    let mut world = World::new(30);
    world.calm();
    world.go_back(10);
    world.append(3);
    world.disconnect(0);
    world.advance(1_000);
    let mut last = None;
    for _ in 0..50 {
        if let Some(action) = world.engine.poll_action() {
            last = Some(action);
        }
    }
    assert!(last.is_none(), "everything was carried out");
    world.input(Input::Tick);
    world.calm();
    world.check();
}
