//! A city that lies about what it holds, again and again: the box does not begin epochs without end.

use sync_wire::Hash;

use crate::tests::forks::{alarms, asked};
use crate::tests::model_city::act_of;
use crate::tests::world::World;
use crate::{Alarm, Input};

#[test]
fn a_city_that_went_mad_does_not_fill_the_disk_with_epochs() {
    let mut world = World::new(10);
    world.calm();
    let mut begun = 0;
    for _ in 0..50 {
        world.disconnect(0);
        world.advance(1_000);
        while let Some(number) = asked(&world) {
            world.up.clear();
            let mut lie = world.answer(Some(number));
            lie.through = 1_000_000;
            lie.head = Hash::from_bytes([9; 32]);
            world.hear(lie.clone());
            if let Some(number) = asked(&world) {
                world.up.clear();
                lie.hello = None;
                lie.compare = Some(sync_wire::Compared { number, same: 0 });
                world.hear(lie);
            }
        }
        begun = begun.max(world.epochs.len());
    }
    assert_eq!(begun, 2, "one new epoch in ten minutes");
    world.down.clear();
    world.advance(600_000);
    world.disconnect(0);
    world.advance(130_000);
    world.calm();
    // What was carried over without need is there twice, with its origin; nothing is lost.
    for epoch in &world.epochs {
        for record in &epoch.records {
            assert!(world.city.count(&act_of(&record.body)) >= 1);
        }
    }
}

/// A city that forces one fork after the other, for two days: it gets ten of them, not three hundred, also
/// where the box starts anew in between, and somebody hears of it.
#[test]
fn a_city_that_lies_for_days_gets_ever_fewer_epochs_whatever_restarts() {
    let mut world = World::new(10);
    world.calm();
    let (began_ms, mut begun) = (world.mono_ms, Vec::new());
    for turn in 0_u64.. {
        let now_ms = world.mono_ms - began_ms;
        if now_ms > 2 * 86_400_000 {
            break;
        }
        if turn % 7 == 0 {
            world.restart();
        }
        let epochs = world.epochs.len();
        lie_about_everything(&mut world);
        if world.epochs.len() > epochs {
            begun.push(now_ms / 60_000);
        }
        world.up.clear();
        world.down.clear();
        world.mono_ms += 60_000;
        world.input(Input::Tick);
    }
    assert!((7..=9).contains(&begun.len()), "{begun:?}");
    let pauses: Vec<u64> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let doubled = [10_u64, 20, 40, 80, 160, 320, 640, 1_280];
    for (pause, least) in pauses.iter().zip(doubled) {
        assert!((least..least + 5).contains(pause), "{pauses:?}");
    }
    let told = alarms(&world);
    let too_often = |alarm: &&&Alarm| matches!(alarm, Alarm::ForksTooOften { .. });
    assert_eq!(told.iter().filter(too_often).count(), begun.len());
    // The city comes to itself: everything is there, and that is told, too.
    world.advance(0);
    world.calm();
    assert_eq!(alarms(&world).last(), Some(&&Alarm::AgreesAgain));
    for epoch in &world.epochs {
        for record in &epoch.records {
            assert!(world.city.count(&act_of(&record.body)) >= 1);
        }
    }
}

/// Every question is answered with what the box does not have.
fn lie_about_everything(world: &mut World) {
    for _ in 0..8 {
        let Some(number) = asked(world) else { return };
        world.up.clear();
        let mut lie = world.answer(Some(number));
        lie.through = 1_000_000;
        lie.head = Hash::from_bytes([9; 32]);
        world.hear(lie.clone());
        if let Some(number) = asked(world) {
            world.up.clear();
            lie.hello = None;
            lie.compare = Some(sync_wire::Compared { number, same: 0 });
            world.hear(lie);
        }
    }
}
