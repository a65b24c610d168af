//! A city that is slow, parks everything, repeats itself or says what cannot be: the box's cursor
//! stays right, the gate's records go on, and what was refused is counted.

use sync_wire::ack::AckRange;
use sync_wire::message::{Message, Tier};
use sync_wire::{Hash, ParkCode, Parked, Topic};

use crate::tests::world::{EPOCH, World};
use crate::{Action, Alarm, Link, Refusal};

fn alarms(world: &World) -> usize {
    let is_alarm = |action: &&Action| matches!(action, Action::Alarm(_));
    world.done.iter().filter(is_alarm).count()
}

fn online(records: u64) -> World {
    let mut world = World::new(records);
    let answer = world.answer(Some(1));
    world.hear(answer);
    world
}

#[test]
fn a_city_that_parks_everything_has_it_all_the_same() {
    let mut world = online(40);
    while !world.up.is_empty() {
        world.deliver_up(0);
        while !world.down.is_empty() {
            let mut ack = world.down.remove(0);
            let all = ack.through.saturating_sub(99).max(1)..=ack.through;
            ack.parked = all
                .map(|seq| Parked {
                    seq,
                    code: ParkCode::UnknownKind,
                    message: "平台暂不认识此类记录".to_owned(),
                })
                .collect();
            world.hear(ack);
        }
    }
    let status = world.engine.status();
    assert_eq!((status.acked_through, status.backlog), (40, 0));
    assert_eq!(world.parked_of(EPOCH).len(), 40);
    assert_eq!(status.refused, 0);
    world.append(1);
    assert_eq!(world.live_messages(), [(41, 41)]);
    // The city's next answer to a hello names what is still parked: nothing.
    world.calm();
    world.disconnect(0);
    world.calm();
    assert!(world.parked_of(EPOCH).is_empty());
    world.check();
}

/// So many are parked that no answer names them all; half of them are settled meanwhile.
#[test]
fn all_that_is_parked_is_known_and_what_is_settled_goes() {
    let mut world = online(450);
    world.city.parked = (1..=450).filter(|seq| seq % 2 == 0).collect();
    world.calm();
    world.disconnect(0);
    world.calm();
    let all = |world: &World| world.city.parked.iter().copied().collect::<Vec<u64>>();
    assert_eq!(world.parked_of(EPOCH), all(&world));
    world.city.parked.retain(|seq| seq % 3 == 0 || *seq > 440);
    let hellos = world.hellos();
    world.pass(599_000);
    assert_eq!(world.hellos(), hellos, "not before its time");
    world.pass(1_000);
    assert_eq!(world.parked_of(EPOCH), all(&world));
    assert_eq!(world.engine.status().link, Link::Online, "records flow on");
    world.city.parked.clear();
    world.pass(600_000);
    assert!(world.parked_of(EPOCH).is_empty());
    let hellos = world.hellos();
    world.pass(3_600_000);
    assert_eq!(
        world.hellos(),
        hellos,
        "nobody asks where nothing is parked"
    );
    world.check();
}

/// Numbers that the box does not have are no reason to show anything.
#[test]
fn what_cannot_be_parked_is_refused() {
    let mut world = online(5);
    let mut ack = world.answer(None);
    let parked = |seq, message: &str| Parked {
        seq,
        code: ParkCode::BadField,
        message: message.to_owned(),
    };
    ack.parked = vec![
        parked(0, "x"),
        parked(2, "\u{1b}[31m缺内容"),
        parked(6, "x"),
    ];
    world.hear(ack.clone());
    assert_eq!(world.parked_of(EPOCH), [2]);
    assert_eq!(world.engine.status().last_refusal, Some(Refusal::NotOurs));
    // What stands beside a foreign hash is not believed at all.
    (ack.through, ack.head) = (5, Hash::from_bytes([3; 32]));
    ack.parked = vec![parked(3, "x")];
    world.hear(ack);
    assert_eq!(world.parked_of(EPOCH), [2]);
}

#[test]
fn a_city_that_takes_its_time_gets_nothing_twice() {
    let mut world = online(200);
    let mut sent = Vec::new();
    while world.engine.status().backlog > 0 {
        world.advance(9_000);
        let bulk = world.up.iter().filter(|(topic, _)| *topic == Topic::UpBulk);
        sent.extend(bulk.map(|(_, payload)| Message::decode(payload).unwrap().header.from));
        while !world.up.is_empty() {
            world.deliver_up(0);
        }
        while !world.down.is_empty() {
            world.deliver_down(0);
        }
    }
    let count = sent.len();
    sent.dedup();
    assert_eq!(sent.len(), count, "{sent:?}");
    assert_eq!(alarms(&world), 0);
    world.calm();
    world.check();
}

#[test]
fn an_ack_that_is_played_again_changes_nothing() {
    let mut world = online(50);
    let early = world.answer(None);
    let mut halfway = None;
    while world.engine.status().backlog > 0 {
        world.deliver_up(0);
        while !world.down.is_empty() {
            halfway.get_or_insert(world.down[0].clone());
            world.deliver_down(0);
        }
    }
    let before = world.engine.status();
    for replayed in [early, halfway.unwrap()] {
        assert!(replayed.through < before.acked_through);
        world.hear(replayed);
        let after = world.engine.status();
        assert_eq!(after.acked_through, before.acked_through);
        assert_eq!((after.link, after.backlog), (Link::Online, 0));
        assert!(
            world.messages(Tier::Bulk).is_empty(),
            "nothing is sent again"
        );
    }
    assert_eq!(alarms(&world), 0);
    // The answer to a hello of the connection before answers nothing now.
    let mut stale = world.answer(Some(1));
    stale.through = 0;
    world.hear(stale);
    assert_eq!(world.engine.status().acked_through, before.acked_through);
    world.calm();
    world.check();
}

/// Makes a lie of an acknowledgement; the hash is that of the box's last record.
type Lie = fn(&mut sync_wire::Ack, Hash);

#[test]
fn what_cannot_be_settles_nothing_and_is_counted() {
    let head = |world: &World| world.current().records.last().unwrap().hash;
    let lies: [Lie; 3] = [
        |ack, head| (ack.through, ack.head) = (1_000_000, head),
        |ack, head| (ack.through, ack.head) = (19, head),
        |ack, _| (ack.through, ack.head) = (20, Hash::from_bytes([3; 32])),
    ];
    for lie in lies {
        let mut world = online(20);
        let mut ack = world.answer(None);
        lie(&mut ack, head(&world));
        world.hear(ack);
        let status = world.engine.status();
        assert_eq!((status.acked_through, status.refused), (0, 1));
        assert_eq!(status.last_refusal, Some(Refusal::NotOurs));
        assert!(
            world
                .done
                .iter()
                .any(|action| matches!(action, Action::Alarm(Alarm::ForeignAck { .. })))
        );
        world.calm();
        world.check();
    }
}

/// What is not believed sets no pace and no clock, and counts as no word of the city.
#[test]
fn what_is_refused_has_no_other_effect() {
    let lies: [Lie; 3] = [
        |ack, _| (ack.through, ack.head) = (20, Hash::from_bytes([3; 32])),
        |ack, head| (ack.through, ack.head) = (19, head),
        |ack, head| (ack.hello, ack.through, ack.head) = (Some(1_000_000), 20, head),
    ];
    for lie in lies {
        let mut world = online(20);
        let before = world.engine.status();
        world.advance(500);
        let mut ack = world.answer(None);
        lie(&mut ack, world.current().records.last().unwrap().hash);
        ack.now += 86_400_000;
        (ack.retry_after_ms, ack.bulk_rate) = (Some(600_000), Some(1));
        world.hear(ack);
        let status = world.engine.status();
        assert_eq!(status.refused, 1);
        let told = |status: &crate::Status| (status.skew_ms, status.last_ack_at);
        assert_eq!(told(&status), told(&before));
        let since = world.mono_ms;
        world.calm();
        assert!(
            world.mono_ms < since + 5_000,
            "the lie silenced the backlog"
        );
        world.check();
    }
}

/// An answer to a hello of the connection before may be a broker's, kept and played again.
#[test]
fn a_stale_answer_sets_no_clock() {
    let mut world = online(20);
    let mut stale = world.answer(Some(1));
    stale.now -= 86_400_000;
    world.calm();
    world.disconnect(0);
    world.advance(1_000);
    let before = world.engine.status().skew_ms;
    world.hear(stale);
    assert_eq!(world.engine.status().skew_ms, before);
    world.calm();
    world.check();
}

/// Answers to a hello that nobody said, right hash or not.
#[test]
fn an_answer_to_nothing_settles_nothing() {
    let mut world = online(20);
    let mut ack = world.answer(Some(1_000_000));
    (ack.through, ack.head) = (7, world.current().records[6].hash);
    world.hear(ack);
    let status = world.engine.status();
    assert_eq!((status.acked_through, status.refused), (0, 1));
    assert_eq!(status.last_refusal, Some(Refusal::NoSense));
    world.calm();
    world.check();
}

#[test]
fn ranges_that_cannot_be_settle_nothing() {
    let mut world = online(20);
    let hash = |seq: usize| world.current().records[seq - 1].hash;
    let range = |from, to, head| AckRange { from, to, head };
    let mut ack = world.answer(None);
    ack.ranges = vec![
        range(9, 5, hash(5)),
        range(10, 12, Hash::from_bytes([3; 32])),
        range(15, 1_000_000, hash(20)),
    ];
    world.hear(ack);
    let status = world.engine.status();
    assert_eq!((status.backlog, status.refused), (20, 1));
    assert_eq!(status.last_refusal, Some(Refusal::NotOurs));
    world.calm();
    world.check();
}
