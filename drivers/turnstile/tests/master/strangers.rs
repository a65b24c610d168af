//! Boards that do not belong here.

use crate::site::{OTHER_UID, Site, UID, settings, wait};
use drivers_turnstile::{
    BoardUid, Direction, EventKind, OpenRefusal, ResetCause, TurnstileEvent, TurnstileSettings,
};
use firmware_protocol::{Fault, Hello, MAJOR, Reply, Request};

fn swap_board(site: &Site, uid: BoardUid) {
    let mut world = site.world();
    world.uid = uid;
    world.restart_board();
}

#[tokio::test(start_paused = true)]
async fn another_board_is_told_and_taken_where_none_is_named() {
    let mut site = Site::online().await;
    swap_board(&site, OTHER_UID);
    let changed = TurnstileEvent::IdentityChanged {
        was: UID,
        now: OTHER_UID,
        accepted: true,
    };
    assert_eq!(site.next().await, changed);
    site.until_online().await;
    site.until_polled().await;
    site.handle.open(7, Direction::In).unwrap();
    assert!(matches!(site.next().await, TurnstileEvent::Opened { .. }));
    site.walk("obi.").await;
    let (key, kind) = site.next_report().await;
    assert_eq!((key.uid, key.seq), (OTHER_UID, 1));
    assert!(matches!(kind, EventKind::Passed { token: Some(7), .. }));
}

#[tokio::test(start_paused = true)]
async fn another_board_than_the_named_one_is_not_worked_with() {
    let named = TurnstileSettings {
        uid: Some(UID),
        ..settings()
    };
    let mut site = Site::start_with(named, 16);
    site.until_online().await;
    swap_board(&site, OTHER_UID);
    let changed = TurnstileEvent::IdentityChanged {
        was: UID,
        now: OTHER_UID,
        accepted: false,
    };
    assert_eq!(site.next().await, changed);
    let lost = site.next().await;
    assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
    site.handle.open(7, Direction::In).unwrap();
    let refused = TurnstileEvent::OpenRefused {
        token: 7,
        direction: Direction::In,
        why: OpenRefusal::Offline,
    };
    assert_eq!(site.next().await, refused);
    site.quiet(60_000).await;
    assert_eq!(site.world().open_in.pulses(), 0);
    assert!(site.world().open_out.is_on(), "that board is without a box");
    swap_board(&site, UID);
    site.until_online().await;
}

#[tokio::test(start_paused = true)]
async fn another_major_version_is_told_once() {
    let other = Reply::Hello(Hello {
        major: MAJOR + 1,
        minor: 0,
        firmware: [9, 0, 0],
        uid: UID,
        session: 1,
        reset_cause: ResetCause::Unknown,
    });
    let answers = [
        (other, Some(MAJOR + 1)),
        (Reply::Error(Fault::Version), None),
    ];
    for (answer, board) in answers {
        let mut site = Site::start();
        site.world().forged = std::iter::repeat_n(answer, 4).collect();
        let mismatch = TurnstileEvent::VersionMismatch {
            board,
            driver: MAJOR,
        };
        assert_eq!(site.next().await, mismatch);
        let lost = site.next().await;
        assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
        // After the board was updated.
        site.until_online().await;
        let hellos = site
            .world()
            .seen
            .iter()
            .filter(|it| matches!(it.request, Request::Hello { .. }))
            .count();
        assert_eq!(hellos, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_wrong_kind_is_not_believed() {
    let mut site = Site::start();
    site.world().forged = [Reply::Done, Reply::Error(Fault::Session)].into();
    site.until_online().await;
    site.until_polled().await;
    site.handle.hold(100).unwrap();
    wait(10).await;
    site.world().forged = [Reply::Done].into();
    site.handle.open(7, Direction::In).unwrap();
    let refused = TurnstileEvent::OpenRefused {
        token: 7,
        direction: Direction::In,
        why: OpenRefusal::Unsupported,
    };
    assert_eq!(site.next().await, refused);
}
