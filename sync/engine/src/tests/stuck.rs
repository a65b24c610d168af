//! What does not move keeps nothing else waiting: records that cannot be read, epochs about which the
//! city is silent, and a city that greets by one of them.

use sync_wire::{Ctl, Topic};

use crate::tests::world::{EPOCH, World};
use crate::{Action, Alarm, Link};

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

fn spoil(world: &mut World, epoch: &str, seqs: std::ops::RangeInclusive<u64>) {
    let bad = seqs.map(|seq| (epoch.to_owned(), seq));
    world.unreadable.extend(bad);
}

/// How many records of an epoch the city has.
fn held(world: &World, epoch: &str) -> usize {
    let table = world.city.stored.get(epoch);
    table.map_or(0, std::collections::BTreeMap::len)
}

/// How often the box asked about each epoch since `done` had so many actions.
fn asked(world: &World, epoch: &str, since: usize) -> usize {
    let is_hello = |action: &&Action| {
        let Action::Publish {
            topic: Topic::UpCtl,
            payload,
            ..
        } = action
        else {
            return false;
        };
        matches!(Ctl::decode(payload), Ok(Ctl::Hello(hello)) if hello.epoch == epoch)
    };
    world.done.iter().skip(since).filter(is_hello).count()
}

#[test]
fn records_that_cannot_be_read_keep_no_others_waiting() {
    let mut world = World::new(100);
    spoil(&mut world, EPOCH, 30..=33);
    world.append(3);
    spoil(&mut world, EPOCH, 103..=103);
    world.pass(60_000);
    assert_eq!(held(&world, EPOCH), 98);
    let status = world.engine.status();
    assert_eq!((status.link, status.unreadable), (Link::Online, 5));
    assert_eq!(status.acked_through, 29);
    let told = alarms(&world);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(matches!(told[0], Alarm::LedgerUnreadable { .. }));
    // The gate's next record goes at once.
    world.append(1);
    assert_eq!(world.live_messages(), [(104, 104)]);
    world.pass(10);
    assert_eq!(held(&world, EPOCH), 99);
    // They are tried again, but not all the time.
    let reads = |world: &World| {
        let is_read = |action: &&Action| matches!(action, Action::Read { .. });
        world.done.iter().filter(is_read).count()
    };
    let before = reads(&world);
    world.pass(500_000);
    assert_eq!(reads(&world), before);
    // The disk is well again.
    world.unreadable.clear();
    world.pass(200_000);
    assert_eq!(world.engine.status().unreadable, 0);
    world.check();
}

#[test]
fn a_file_that_gives_nothing_is_not_asked_without_end() {
    let mut world = World::new(300);
    spoil(&mut world, EPOCH, 1..=300);
    world.pass(60_000);
    let is_read = |action: &&Action| matches!(action, Action::Read { .. });
    let reads = world.done.iter().filter(is_read).count();
    assert!((10..100).contains(&reads), "{reads}");
    world.unreadable.clear();
    world.pass(1_200_000);
    world.check();
}

const BAD: &str = "00000000000000aa";
const MUTE: &str = "00000000000000bb";
const GOOD: &str = "00000000000000cc";

#[test]
fn an_older_epoch_of_which_nothing_moves_keeps_none_waiting() {
    let mut world = World::new(30);
    world.recover(GOOD, 25);
    world.recover(MUTE, 25);
    world.recover(BAD, 25);
    spoil(&mut world, BAD, 1..=4);
    world.silent.insert(MUTE.to_owned());
    world.restart();
    world.pass(120_000);
    assert_eq!(held(&world, GOOD), 25);
    assert_eq!(held(&world, MUTE), 0);
    assert_eq!(held(&world, BAD), 21);
    world.append(40);
    world.pass(1_000);
    assert_eq!(world.engine.status().acked_through, 70, "nor the newest");
    world.silent.clear();
    world.unreadable.clear();
    world.pass(700_000);
    world.check();
}

#[test]
fn older_epochs_about_which_the_city_is_silent_take_turns() {
    let mut world = World::new(3);
    let names: Vec<String> = (0..12).map(|one| format!("{one:016x}")).collect();
    for name in &names {
        world.recover(name, 4);
        world.silent.insert(name.clone());
    }
    world.silent.remove(&names[0]);
    world.restart();
    world.pass(600_000);
    assert_eq!(held(&world, &names[0]), 4, "the last in the row");
    // Nobody is asked without end meanwhile.
    let all: usize = names.iter().map(|name| asked(&world, name, 0)).sum();
    assert!(all < 200, "{all}");
    world.silent.clear();
    world.pass(600_000);
    world.check();
}

/// A hole that nobody can fill makes the city greet for ever: only that epoch is asked about.
#[test]
fn a_greeting_by_one_epoch_asks_about_that_one() {
    let mut world = World::new(30);
    world.recover(GOOD, 25);
    world.recover(MUTE, 25);
    world.restart();
    world.calm();
    let since = world.done.len();
    for _ in 0..9 {
        world.pass(60_000);
        let mut greeting = world.city.ack(MUTE, None);
        greeting.greet = true;
        world.hear(greeting);
        assert_eq!(world.engine.status().link, Link::Online);
        world.pass(1);
    }
    assert_eq!(asked(&world, MUTE, since), 9);
    assert!(asked(&world, GOOD, since) <= 1);
    assert!(alarms(&world).is_empty());
    world.pass(600_000);
    world.check();
}
