//! Openings and the people who use them, or do not.

use drivers_turnstile::{BoardTuning, Direction, EventKind, TurnstileEvent};
use hw_sim::{Contact, Output};
use tests::{ChipGate, Result};

fn passed(direction: Direction, token: u32) -> EventKind {
    EventKind::Passed {
        direction,
        token: Some(token),
    }
}

async fn opened(gate: &mut ChipGate, token: u32, direction: Direction) -> Result<()> {
    gate.driver.handle.open(token, direction)?;
    gate.driver
        .until(|event| match event {
            TurnstileEvent::Opened { token: named, .. } => Some(*named == token),
            _ => None,
        })
        .await?
        .then_some(())
        .ok_or_else(|| "another token opened".into())
}

#[tokio::test]
async fn an_opening_pulses_its_relay_and_tells_who_walked_through() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    let ways = [
        (Direction::In, Output::OpenIn, ".obi."),
        (Direction::Out, Output::OpenOut, ".ibo."),
    ];
    for (token, (direction, relay, beams)) in (41..).zip(ways) {
        gate.output(Output::Red, true).await?;
        opened(&mut gate, token, direction).await?;
        gate.output(relay, true).await?;
        gate.output(Output::Green, true).await?;
        gate.output(relay, false).await?;
        gate.walk(beams).await?;
        assert_eq!(gate.driver.saw().await?, passed(direction, token));
    }
    Ok(())
}

#[tokio::test]
async fn who_turns_back_is_not_counted_and_the_opening_runs_out() -> Result<()> {
    let tuning = BoardTuning {
        pass_timeout_ms: 1000,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start(tuning).await?;
    opened(&mut gate, 7, Direction::In).await?;
    gate.walk(".obo.").await?;
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

#[tokio::test]
async fn chattering_beams_are_nobody() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning {
        debounce_ms: 100,
        ..BoardTuning::default()
    })
    .await?;
    for _ in 0..200 {
        for broken in [true, false] {
            gate.machine.set(Contact::BeamOuter, broken).await;
            gate.machine.set(Contact::BeamInner, broken).await;
        }
    }
    // A fire after it is the first thing that the board has to tell.
    gate.set(Contact::Fire, true).await?;
    assert_eq!(gate.driver.saw().await?, EventKind::Fire { on: true });
    Ok(())
}
