//! Beginning, unplugged lines, restarts in the wrong moment, and the end.

use crate::site::{Site, UID, settings, wait};
use drivers_turnstile::{
    BoardFacts, BoardTuning, Direction, EventKind, GateState, Inputs, Mode, OpenRefusal,
    ResetCause, STATISTICS_MS, TurnstileError, TurnstileEvent, TurnstileSettings,
};
use firmware_protocol::{Fault, MAJOR, MINOR, Reply, Request};

#[tokio::test(start_paused = true)]
async fn the_first_words_are_hello_and_the_settings() {
    let tuning = BoardTuning {
        open_pulse_ms: 300,
        ..BoardTuning::default()
    };
    let settings = TurnstileSettings {
        tuning,
        mode: Mode::FreeExit,
        ..settings()
    };
    let mut site = Site::start_with(settings, 16);
    let facts = BoardFacts {
        uid: UID,
        boot: 100,
        firmware: [0, 1, 0],
        reset_cause: ResetCause::PowerOn,
    };
    assert_eq!(site.next().await, TurnstileEvent::LinkBack(facts));
    let words: Vec<_> = site
        .world()
        .seen
        .iter()
        .take(3)
        .map(|it| it.request.clone())
        .collect();
    let expected = [
        Request::Hello {
            major: MAJOR,
            minor: MINOR,
        },
        Request::Configure(tuning),
        Request::SetMode(Mode::FreeExit),
    ];
    assert_eq!(words, expected);
    let state = TurnstileEvent::StateChanged {
        state: GateState::Free,
        inputs: Inputs(0),
    };
    assert_eq!(site.events.recv().await, Some(state));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_unplugged_is_told_and_found_again() {
    let mut site = Site::online().await;
    site.world().unplugged = true;
    let lost = site.next().await;
    assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
    site.handle.open(7, Direction::Out).unwrap();
    let refused = TurnstileEvent::OpenRefused {
        token: 7,
        direction: Direction::Out,
        why: OpenRefusal::Offline,
    };
    assert_eq!(site.next().await, refused);
    site.quiet(2000).await;
    site.world().unplugged = false;
    site.until_online().await;
    // It is the same session, and the board felt the silence.
    assert_eq!(site.next_report().await.1, EventKind::LinkLost);
    assert_eq!(site.next_report().await.1, EventKind::LinkBack);
    site.quiet(1000).await;
    assert_eq!(
        site.world().opens_seen().len(),
        0,
        "no command is sent late"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_lane_hears_of_the_loss_while_it_lasts() {
    let mut site = Site::start_with(settings(), 1);
    wait(1000).await;
    site.world().unplugged = true;
    wait(1000).await;
    site.until_online().await;
    let lost = site.next().await;
    assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
    assert!(site.world().unplugged);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_is_not_there_at_first_is_told_once_and_found_later() {
    let mut site = Site::start();
    site.world().deaf = true;
    let lost = site.next().await;
    assert!(matches!(lost, TurnstileEvent::LinkLost { .. }), "{lost:?}");
    site.quiet(600_000).await;
    site.world().deaf = false;
    let back_by = tokio::time::Instant::now() + std::time::Duration::from_secs(2);
    site.until_online().await;
    assert!(
        tokio::time::Instant::now() < back_by,
        "hours of silence make no one wait"
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_to_a_board_that_just_restarted_is_obeyed_once_after_hello() {
    let mut site = Site::online().await;
    site.until_polled().await;
    site.world().restart_board();
    site.handle.open(7, Direction::In).unwrap();
    let restarted = site.next().await;
    assert!(
        matches!(restarted, TurnstileEvent::Restarted(_)),
        "{restarted:?}"
    );
    let opened = TurnstileEvent::Opened {
        token: 7,
        direction: Direction::In,
        duplicate: false,
    };
    assert_eq!(site.next().await, opened);
    assert_eq!(site.world().open_in.pulses(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_may_have_been_obeyed_before_a_restart_is_not_sent_again() {
    let mut site = Site::online().await;
    site.until_polled().await;
    site.handle.hold(1000).unwrap();
    site.world().replies_to_lose = 1;
    site.handle.open(7, Direction::In).unwrap();
    wait(100).await;
    assert_eq!(site.world().open_in.pulses(), 1);
    site.world().restart_board();
    let refused = TurnstileEvent::OpenRefused {
        token: 7,
        direction: Direction::In,
        why: OpenRefusal::Restarted,
    };
    assert_eq!(site.next().await, refused);
    let restarted = site.next().await;
    assert!(
        matches!(restarted, TurnstileEvent::Restarted(_)),
        "{restarted:?}"
    );
    site.quiet(5000).await;
    assert_eq!(site.world().open_in.pulses(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_asks_for_hello_without_a_restart_gets_it() {
    let mut site = Site::online().await;
    site.world().forged = [Reply::Error(Fault::Session)].into();
    site.quiet(1000).await;
    let hellos = site
        .world()
        .seen
        .iter()
        .filter(|it| matches!(it.request, Request::Hello { .. }))
        .count();
    assert_eq!(hellos, 2);
}

#[tokio::test(start_paused = true)]
async fn the_driver_ends_with_its_handles() {
    let site = Site::online().await;
    let Site {
        handle,
        driver,
        events: _events,
        ..
    } = site;
    let other = handle.clone();
    drop(handle);
    wait(1000).await;
    assert!(!driver.is_finished());
    drop(other);
    driver.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_driver_ends_with_its_lane() {
    let site = Site::online().await;
    let Site {
        handle,
        driver,
        events,
        ..
    } = site;
    drop(events);
    handle.open(7, Direction::In).unwrap();
    driver.await.unwrap();
    assert_eq!(handle.open(8, Direction::In), Err(TurnstileError::Ended));
}

#[tokio::test(start_paused = true)]
async fn too_many_commands_are_refused() {
    let site = Site::start();
    let results: Vec<_> = (0..100)
        .map(|token| site.handle.open(token, Direction::In))
        .collect();
    assert_eq!(results[63], Ok(()));
    assert_eq!(results[64], Err(TurnstileError::Full));
}

fn counters_asked(site: &Site) -> usize {
    let world = site.world();
    let asked = world.seen.iter();
    asked
        .filter(|it| it.request == Request::AskStatistics)
        .count()
}

#[tokio::test(start_paused = true)]
async fn the_boards_counters_are_asked_once_a_minute() {
    let mut site = Site::online().await;
    site.quiet(STATISTICS_MS - 1000).await;
    assert_eq!(counters_asked(&site), 0);
    site.quiet(2000).await;
    assert_eq!(counters_asked(&site), 1);
    site.quiet(STATISTICS_MS).await;
    assert_eq!(counters_asked(&site), 2);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_does_not_know_the_question_is_asked_once() {
    let mut site = Site::online().await;
    site.world().unknown_counters = true;
    site.quiet(3 * STATISTICS_MS).await;
    assert_eq!(counters_asked(&site), 1);
}
