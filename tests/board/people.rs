//! Openings and the people who use them, or do not.

use std::time::Duration;

use drivers_turnstile::{BoardTuning, Direction, EventKind, Lamp, Mode, Signal};
use hw_sim::{Chip, Contact, Output};
use tests::{ChipGate, Result, chip};
use tokio::time::{Instant, timeout};

fn passed(direction: Direction, token: u32) -> EventKind {
    EventKind::Passed {
        direction,
        token: Some(token),
    }
}

/// Whoever is opened for has a minute: a busy computer lets nobody come too late.
const UNHURRIED: u16 = 60_000;

async fn opened(gate: &mut ChipGate, token: u32, direction: Direction) -> Result<()> {
    gate.driver.open(token, direction).await.map(drop)
}

#[tokio::test]
async fn an_opening_pulses_its_relay_and_tells_who_walked_through() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning {
        pass_timeout_ms: UNHURRIED,
        ..BoardTuning::default()
    })
    .await?;
    let ways = [
        (Direction::In, Output::OpenIn, ".obi."),
        (Direction::Out, Output::OpenOut, ".ibo."),
    ];
    for (token, (direction, relay, beams)) in (41..).zip(ways) {
        gate.output(Output::Red, true).await?;
        gate.machine.forget_edges();
        opened(&mut gate, token, direction).await?;
        gate.moved(relay, true).await?;
        gate.output(Output::Green, true).await?;
        gate.moved(relay, false).await?;
        gate.walk(beams).await?;
        assert_eq!(gate.driver.saw().await?, passed(direction, token));
    }
    Ok(())
}

#[tokio::test]
async fn who_turns_back_is_not_counted_and_may_come_again() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning {
        pass_timeout_ms: UNHURRIED,
        ..BoardTuning::default()
    })
    .await?;
    opened(&mut gate, 7, Direction::In).await?;
    for beams in [".obo.", ".obi."] {
        gate.walk(beams).await?;
    }
    assert_eq!(gate.driver.saw().await?, passed(Direction::In, 7));
    Ok(())
}

#[tokio::test]
async fn an_opening_that_nobody_uses_runs_out() -> Result<()> {
    let tuning = BoardTuning {
        pass_timeout_ms: 1000,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start(tuning).await?;
    opened(&mut gate, 7, Direction::In).await?;
    let direction = Direction::In;
    assert_eq!(
        gate.driver.saw().await?,
        EventKind::TimedOut {
            direction,
            token: 7
        }
    );
    Ok(())
}

#[tokio::test]
async fn who_stands_still_is_told_as_held_and_counted_once() -> Result<()> {
    let tuning = BoardTuning {
        held_ms: 1000,
        pass_timeout_ms: UNHURRIED,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start(tuning).await?;
    opened(&mut gate, 8, Direction::In).await?;
    gate.walk(".ob").await?;
    assert_eq!(gate.driver.saw().await?, EventKind::Held);
    gate.walk("i.").await?;
    // The passage and the end of the blockade come at one moment.
    let both = [gate.driver.saw().await?, gate.driver.saw().await?];
    assert!(both.contains(&passed(Direction::In, 8)), "{both:?}");
    assert!(both.contains(&EventKind::HeldCleared), "{both:?}");
    Ok(())
}

#[tokio::test]
async fn a_second_person_an_intruder_and_one_against_the_way_are_told_apart() -> Result<()> {
    let tuning = BoardTuning {
        tailgate_ms: 10_000,
        pass_timeout_ms: UNHURRIED,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start(tuning).await?;
    gate.walk(".ibo.").await?;
    let (direction, reverse) = (Direction::In, Direction::Out);
    assert_eq!(
        gate.driver.saw().await?,
        EventKind::Intruded { direction: reverse }
    );
    opened(&mut gate, 9, direction).await?;
    gate.walk(".ibo.").await?;
    let token = 9;
    let reversed = EventKind::Reversed {
        direction: reverse,
        token,
    };
    assert_eq!(gate.driver.saw().await?, reversed);
    gate.walk(".obi.").await?;
    assert_eq!(gate.driver.saw().await?, passed(direction, 9));
    gate.walk(".obi.").await?;
    assert_eq!(
        gate.driver.saw().await?,
        EventKind::Tailgated { direction, token }
    );
    Ok(())
}

/// The next event. The two beams do not clear in one instant, and to a chip whose clock hurries that
/// can be somebody who walks off.
async fn but_for_walkers(gate: &mut ChipGate) -> Result<EventKind> {
    loop {
        let seen = gate.driver.saw().await?;
        if !matches!(seen, EventKind::Intruded { .. }) {
            return Ok(seen);
        }
    }
}

/// Somebody, or something, stands between the beams for minutes; the chip's clock hurries.
#[tokio::test]
async fn a_lane_blocked_for_minutes_is_told_once_and_keeps_nobody_out() -> Result<()> {
    let hurried = Chip {
        hurries: true,
        ..chip()
    };
    let tuning = BoardTuning {
        held_ms: 1000,
        link_timeout_ms: 30_000,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start_on(&hurried, tuning).await?;
    let both = |on| [(Contact::BeamOuter, on), (Contact::BeamInner, on)];
    gate.machine.set_all(&both(true)).await;
    assert_eq!(gate.driver.saw().await?, EventKind::Held);
    let direction = Direction::In;
    for token in [11, 12] {
        opened(&mut gate, token, direction).await?;
        // Its time stands still while somebody is there, but not for ever.
        let timed_out = EventKind::TimedOut { direction, token };
        assert_eq!(gate.driver.saw().await?, timed_out);
    }
    gate.machine.set_all(&both(false)).await;
    assert_eq!(but_for_walkers(&mut gate).await?, EventKind::HeldCleared);
    gate.set(Contact::Fire, true).await?;
    let fire = EventKind::Fire { on: true };
    assert_eq!(but_for_walkers(&mut gate).await?, fire);
    assert_eq!(*gate.machine.resets().borrow(), 0, "the watchdog was fed");
    Ok(())
}

/// Gives a signal until it shows: one that finds no link is dropped.
async fn shown(gate: &ChipGate, signal: Signal, shows: impl Fn(u8) -> bool) -> Result<()> {
    let mut outputs = gate.machine.outputs();
    for _ in 0..10 {
        gate.driver.handle.signal(signal)?;
        let shown = outputs.wait_for(|now| shows(*now));
        if let Ok(shown) = timeout(Duration::from_secs(6), shown).await {
            drop(shown?);
            return Ok(());
        }
    }
    Err(format!("{signal:?} is not shown").into())
}

#[tokio::test]
async fn signals_move_lamps_and_buzzer_and_modes_move_the_arms() -> Result<()> {
    let gate = ChipGate::start(BoardTuning::default()).await?;
    gate.output(Output::Red, true).await?;
    for (lamp, green, red) in [
        (Lamp::Green, true, false),
        (Lamp::Red, false, true),
        (Lamp::Dark, false, false),
        (Lamp::Automatic, false, true),
    ] {
        let signal = Signal {
            lamp,
            lamp_ms: u16::MAX,
            buzzer_ms: if green { u16::MAX } else { 0 },
        };
        shown(&gate, signal, |now| {
            (Output::Green.is_on(now), Output::Red.is_on(now)) == (green, red)
        })
        .await?;
        gate.output(Output::Buzzer, green).await?;
    }
    for (mode, open_in, open_out) in [
        (Mode::FreeBoth, true, true),
        (Mode::FreeExit, false, true),
        (Mode::Controlled, false, false),
    ] {
        gate.driver.handle.set_mode(mode)?;
        gate.output(Output::OpenIn, open_in).await?;
        gate.output(Output::OpenOut, open_out).await?;
    }
    Ok(())
}

/// Chatters with both beams; says how long a level stood at most.
async fn chatter(gate: &ChipGate) -> Duration {
    let (mut longest, mut last) = (Duration::ZERO, Instant::now());
    for _ in 0..200 {
        for broken in [true, false] {
            for beam in [Contact::BeamOuter, Contact::BeamInner] {
                gate.machine.set_all(&[(beam, broken)]).await;
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
        }
    }
    longest
}

#[tokio::test]
async fn chattering_beams_are_nobody() -> Result<()> {
    for _ in 0..20 {
        let mut gate = ChipGate::start(BoardTuning {
            debounce_ms: 100,
            ..BoardTuning::default()
        })
        .await?;
        let longest = chatter(&gate).await;
        // A fire after it is the first thing that the board has to tell.
        gate.set(Contact::Fire, true).await?;
        let told = gate.driver.saw().await?;
        // Where a busy computer stopped in the middle, the levels stood like a person.
        if told == (EventKind::Fire { on: true }) || longest < Duration::from_millis(50) {
            assert_eq!(told, EventKind::Fire { on: true });
            return Ok(());
        }
    }
    Err("the computer is too busy to chatter".into())
}
