//! From the decision to the relay.

use crate::site::{Site, settings, wait};
use drivers_turnstile::{
    BoardTuning, Direction, EventKind, LinkLossPolicy, Mode, OpenRefusal, REPLY_TIMEOUT_MS,
    TurnstileEvent,
};
use firmware_protocol::Request;
use std::time::Duration;
use tokio::time::Instant;

const OPENED: TurnstileEvent = TurnstileEvent::Opened {
    token: 7,
    direction: Direction::In,
    duplicate: false,
};

fn refused(token: u32, why: OpenRefusal) -> TurnstileEvent {
    TurnstileEvent::OpenRefused {
        token,
        direction: Direction::In,
        why,
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_command_goes_out_at_once_in_one_write() {
    let mut site = Site::online().await;
    for token in 0..20 {
        // Never in step with the polls.
        wait(6100 + u64::from(token) * 7).await;
        while site.events.try_recv().is_ok() {}
        site.until_polled().await;
        wait(5).await;
        let writes_before = site.world().writes.len();
        let given_at = Instant::now();
        site.handle.open(token, Direction::In).unwrap();
        let event = site.next().await;
        assert_eq!(
            event,
            TurnstileEvent::Opened {
                token,
                direction: Direction::In,
                duplicate: false
            }
        );
        let world = site.world();
        assert_eq!(world.writes.len(), writes_before + 1, "one write");
        assert_eq!(
            world.writes.last().unwrap().0,
            given_at,
            "no timer in between"
        );
        assert_eq!(world.open_in.pulses(), token + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_line_is_polled_every_50_ms() {
    let site = Site::online().await;
    wait(1000).await;
    let times: Vec<Instant> = site.world().seen.iter().map(|it| it.at).collect();
    assert!(times.len() > 15);
    for pair in times.windows(2).skip(3) {
        let pause_ms = (pair[1] - pair[0]).as_millis();
        assert!((50..=52).contains(&pause_ms), "{pause_ms}");
    }
}

#[tokio::test(start_paused = true)]
async fn holding_keeps_the_line_idle_until_the_command() {
    let mut site = Site::online().await;
    site.until_polled().await;
    site.handle.hold(800).unwrap();
    let held_at = Instant::now();
    wait(700).await;
    assert!(site.world().last_seen_at() <= held_at);
    site.handle.open(7, Direction::In).unwrap();
    assert_eq!(site.next().await, OPENED);
    let opened_at = site.world().last_seen_at();
    assert_eq!(opened_at, held_at + Duration::from_millis(700));
    wait(60).await;
    assert!(
        site.world().last_seen_at() > opened_at,
        "polls go on after the command"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hold_ends_by_itself() {
    let site = Site::online().await;
    site.until_polled().await;
    site.handle.hold(300).unwrap();
    let held_at = Instant::now();
    wait(310).await;
    assert!(site.world().last_seen_at() >= held_at + Duration::from_millis(299));
}

#[tokio::test(start_paused = true)]
async fn holding_for_ever_does_not_cost_the_link() {
    let tuning = BoardTuning {
        link_timeout_ms: 500,
        link_loss: LinkLossPolicy::FreeExit,
        ..BoardTuning::default()
    };
    let mut site = Site::start_with(
        drivers_turnstile::TurnstileSettings {
            tuning,
            ..settings()
        },
        16,
    );
    site.until_online().await;
    for _ in 0..100 {
        site.handle.hold(u32::MAX).unwrap();
        wait(30).await;
        assert!(!site.world().open_out.is_on());
    }
    site.quiet(100).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_opens_once() {
    for lost in 1..=2 {
        let mut site = Site::online().await;
        site.until_polled().await;
        site.handle.hold(100).unwrap();
        site.world().replies_to_lose = lost;
        site.handle.open(7, Direction::In).unwrap();
        assert_eq!(site.next().await, OPENED);
        let world = site.world();
        let opens = world.opens_seen();
        assert_eq!(opens.len(), usize::try_from(lost).unwrap() + 1);
        assert!(opens.iter().all(|it| it.number == opens[0].number));
        assert_eq!(
            opens[1].at - opens[0].at,
            Duration::from_millis(REPLY_TIMEOUT_MS)
        );
        assert_eq!(world.open_in.pulses(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_answer_opens_once() {
    let mut site = Site::online().await;
    site.until_polled().await;
    site.world().replies_to_damage = 2;
    site.handle.open(7, Direction::In).unwrap();
    assert_eq!(site.next().await, OPENED);
    assert_eq!(site.world().open_in.pulses(), 1);
}

#[tokio::test(start_paused = true)]
async fn noise_around_answers_does_no_harm() {
    let site = Site::online().await;
    for noise in [
        vec![0xff; 300],
        vec![0; 9],
        vec![1, 2, 3, 0],
        vec![5, 0, 0xaa, 0],
    ] {
        site.world().noise = noise;
        // Noise that ends in no delimiter spoils one answer; the repeated one is whole.
        site.handle.open(7, Direction::In).unwrap();
        wait(1000).await;
    }
    site.world().noise.clear();
    wait(7000).await;
    assert_eq!(site.world().open_in.pulses(), 1, "one token, one opening");
}

#[tokio::test(start_paused = true)]
async fn a_silent_board_refuses_with_its_reason_and_comes_back() {
    let mut site = Site::online().await;
    site.until_polled().await;
    site.world().deaf = true;
    site.handle.open(7, Direction::In).unwrap();
    assert_eq!(site.next().await, refused(7, OpenRefusal::Unanswered));
    let event = site.next().await;
    assert!(
        matches!(event, TurnstileEvent::LinkLost { .. }),
        "{event:?}"
    );
    site.handle.open(8, Direction::In).unwrap();
    assert_eq!(site.next().await, refused(8, OpenRefusal::Offline));
    site.quiet(20_000).await;
    site.world().deaf = false;
    site.until_online().await;
    assert_eq!(site.next_report().await.1, EventKind::LinkLost);
    assert_eq!(site.next_report().await.1, EventKind::LinkBack);
    site.quiet(7000).await;
    assert_eq!(site.world().open_in.pulses(), 0, "no command is sent late");
}

#[tokio::test(start_paused = true)]
async fn a_person_goes_before_a_lost_poll() {
    let mut site = Site::online().await;
    site.until_polled().await;
    site.world().replies_to_lose = 1;
    wait(60).await;
    assert_eq!(site.world().replies_to_lose, 0, "a poll is unanswered now");
    // The line stays bad: a poll that is repeated first would cost another 200 ms.
    site.world().replies_to_lose = 2;
    let polled_at = site.world().last_seen_at();
    site.handle.open(7, Direction::In).unwrap();
    assert_eq!(site.next().await, OPENED);
    let opens = site.world().opens_seen();
    assert_eq!(
        opens[0].at - polled_at,
        Duration::from_millis(REPLY_TIMEOUT_MS)
    );
}

#[tokio::test(start_paused = true)]
async fn the_board_s_reasons_come_through() {
    let mut site = Site::online().await;
    site.handle.open(7, Direction::In).unwrap();
    assert_eq!(site.next().await, OPENED);
    site.handle.open(8, Direction::In).unwrap();
    assert_eq!(site.next().await, refused(8, OpenRefusal::Busy));
    site.handle.open(7, Direction::In).unwrap();
    let again = TurnstileEvent::Opened {
        token: 7,
        direction: Direction::In,
        duplicate: true,
    };
    assert_eq!(site.next().await, again);
    site.walk("obi.").await;
    assert!(matches!(
        site.next_report().await.1,
        EventKind::Passed { token: Some(7), .. }
    ));
    site.handle.set_mode(Mode::Locked).unwrap();
    site.until_polled().await;
    site.handle.open(9, Direction::In).unwrap();
    assert_eq!(site.next().await, refused(9, OpenRefusal::Locked));
    assert_eq!(site.world().open_in.pulses(), 1);
}

#[tokio::test(start_paused = true)]
async fn commands_of_one_moment_keep_their_order() {
    let mut site = Site::online().await;
    for token in 1..=20 {
        site.handle.open(token, Direction::In).unwrap();
    }
    let first = TurnstileEvent::Opened {
        token: 1,
        direction: Direction::In,
        duplicate: false,
    };
    assert_eq!(site.next().await, first);
    for token in 2..=20 {
        assert_eq!(site.next().await, refused(token, OpenRefusal::Busy));
    }
    let tokens: Vec<_> = site
        .world()
        .opens_seen()
        .into_iter()
        .map(|it| it.request)
        .collect();
    let expected: Vec<_> = (1..=20)
        .map(|token| Request::Open {
            direction: Direction::In,
            token,
        })
        .collect();
    assert_eq!(tokens, expected);
}
