//! What the board saw reaches the lane once, in order, and is kept until it is written down.

use crate::site::{Site, UID, settings, wait};
use drivers_turnstile::{Direction, EventKey, EventKind, TurnstileEvent, TurnstileSettings};
use firmware_protocol::Request;

const INTRUDED: EventKind = EventKind::Intruded {
    direction: Direction::In,
};

fn key(boot: u32, seq: u16) -> EventKey {
    EventKey {
        uid: UID,
        boot,
        seq,
    }
}

fn acks(site: &Site) -> Vec<u16> {
    let mut acks = Vec::new();
    for seen in &site.world().seen {
        if let Request::Poll { ack, .. } = seen.request {
            acks.push(ack);
        }
    }
    acks.dedup();
    acks
}

#[tokio::test(start_paused = true)]
async fn a_passage_is_told_once_with_its_age_and_acknowledged_when_written() {
    let mut site = Site::online().await;
    site.handle.open(7, Direction::In).unwrap();
    assert!(matches!(site.next().await, TurnstileEvent::Opened { .. }));
    site.walk("obi.").await;
    let TurnstileEvent::Reported(report) = site.next().await else {
        panic!("no report")
    };
    let passed = EventKind::Passed {
        direction: Direction::In,
        token: Some(7),
    };
    assert_eq!((report.key, report.kind), (key(100, 1), passed));
    assert!(report.age_ms <= 50, "{}", report.age_ms);
    site.quiet(5000).await;
    assert_eq!(acks(&site), [0], "not written yet");
    site.handle.acknowledge(report.key).unwrap();
    site.until_polled().await;
    assert_eq!(acks(&site), [0, 1]);
    site.quiet(1000).await;
}

#[tokio::test(start_paused = true)]
async fn events_keep_their_order_and_acknowledgements_leave_no_hole() {
    let mut site = Site::online().await;
    site.walk("obi.obi.obi.").await;
    for seq in 1..=3 {
        assert_eq!(site.next_report().await, (key(100, seq), INTRUDED));
    }
    site.handle.acknowledge(key(100, 3)).unwrap();
    site.handle.acknowledge(key(100, 2)).unwrap();
    site.until_polled().await;
    assert_eq!(acks(&site), [0]);
    site.handle.acknowledge(key(100, 1)).unwrap();
    site.until_polled().await;
    assert_eq!(acks(&site), [0, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_new_driver_gets_what_the_old_one_did_not_write_down() {
    let mut site = Site::online().await;
    site.walk("obi.obi.obi.").await;
    for seq in 1..=3 {
        assert_eq!(site.next_report().await.0, key(100, seq));
    }
    site.handle.acknowledge(key(100, 1)).unwrap();
    site.until_polled().await;
    let mut site = site.restart_driver(settings()).await;
    site.until_online().await;
    assert_eq!(site.next_report().await.0, key(100, 2));
    assert_eq!(site.next_report().await.0, key(100, 3));
    site.quiet(1000).await;

    // The third one was written down, but the acknowledgement did not get out.
    let written_through = Some(key(100, 3));
    let settings = TurnstileSettings {
        written_through,
        ..settings()
    };
    let mut site = site.restart_driver(settings).await;
    site.until_online().await;
    site.walk("obi.").await;
    assert_eq!(site.next_report().await.0, key(100, 4));
    site.quiet(1000).await;
}

#[tokio::test(start_paused = true)]
async fn what_happened_without_a_box_is_told_later_with_its_age() {
    let site = Site::online().await;
    site.world().deaf = true;
    site.walk("obi.").await;
    wait(2000).await;
    let mut site = site.restart_driver(settings()).await;
    wait(60_000).await;
    site.world().deaf = false;
    let lost = site.next().await;
    assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
    site.until_online().await;
    let TurnstileEvent::Reported(report) = site.next().await else {
        panic!("no report")
    };
    assert_eq!(report.kind, INTRUDED);
    assert!(
        (62_000..63_500).contains(&report.age_ms),
        "{}",
        report.age_ms
    );
    assert_eq!(site.next_report().await.1, EventKind::LinkLost);
    assert_eq!(site.next_report().await.1, EventKind::LinkBack);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_overflowed_says_how_many_it_lost() {
    let mut site = Site::online().await;
    site.world().deaf = true;
    for _ in 0..40 {
        site.walk("ibo.").await;
    }
    site.world().deaf = false;
    let lost = site.next().await;
    assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
    site.until_online().await;
    // 40 people, LinkLost and LinkBack: 42 events, 32 places.
    assert_eq!(site.next().await, TurnstileEvent::EventsLost { count: 10 });
    for seq in 11..=42 {
        let (told, _) = site.next_report().await;
        assert_eq!(told, key(100, seq));
        site.handle.acknowledge(told).unwrap();
    }
    site.quiet(1000).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_lane_loses_nothing_and_keeps_the_link() {
    let mut site = Site::start_with(settings(), 1);
    site.until_online().await;
    for _ in 0..10 {
        site.walk("obi.").await;
    }
    wait(20_000).await;
    assert!(!site.world().open_out.is_on(), "polls went on");
    for seq in 1..=10 {
        let (told, kind) = site.next_report().await;
        assert_eq!((told, kind), (key(100, seq), INTRUDED));
        site.handle.acknowledge(told).unwrap();
        wait(200).await;
    }
    site.quiet(1000).await;
}

#[tokio::test(start_paused = true)]
async fn a_board_that_restarted_is_noticed_and_begins_anew() {
    let mut site = Site::online().await;
    site.handle
        .set_mode(drivers_turnstile::Mode::FreeExit)
        .unwrap();
    site.walk("obi.obi.").await;
    assert_eq!(site.next_report().await.0, key(100, 1));
    assert_eq!(site.next_report().await.0, key(100, 2));
    site.world().restart_board();
    let TurnstileEvent::Restarted(facts) = site.next().await else {
        panic!("not noticed")
    };
    assert_eq!((facts.uid, facts.boot), (UID, 101));
    assert!(site.world().open_out.is_on(), "the mode is set again");
    // Late acknowledgements of the old session discard nothing of the new one.
    site.walk("obi.").await;
    site.handle.acknowledge(key(100, 1)).unwrap();
    site.handle.acknowledge(key(100, 2)).unwrap();
    assert_eq!(site.next_report().await, (key(101, 1), INTRUDED));
    site.until_polled().await;
    let site = site.restart_driver(settings()).await;
    let mut site = site;
    site.until_online().await;
    assert_eq!(site.next_report().await, (key(101, 1), INTRUDED));
}
