//! Fire, the cabinet, and a box that falls silent.

use drivers_turnstile::{BoardTuning, Direction, EventKind, LinkLossPolicy, Mode};
use hw_sim::{Chip, Contact, Output};
use tests::{ChipGate, PATIENCE, Result, chip, power_on};
use tokio::time::timeout;

#[tokio::test]
async fn fire_frees_both_ways_even_a_locked_gate() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    gate.driver.handle.set_mode(Mode::Locked)?;
    gate.set(Contact::Fire, true).await?;
    gate.output(Output::OpenIn, true).await?;
    gate.output(Output::OpenOut, true).await?;
    gate.output(Output::Buzzer, true).await?;
    assert_eq!(gate.driver.saw().await?, EventKind::Fire { on: true });
    gate.walk(".ibo.").await?;
    let direction = Direction::Out;
    assert_eq!(
        gate.driver.saw().await?,
        EventKind::Passed {
            direction,
            token: None
        }
    );
    gate.set(Contact::Fire, false).await?;
    assert_eq!(gate.driver.saw().await?, EventKind::Fire { on: false });
    gate.output(Output::OpenIn, false).await?;
    gate.output(Output::OpenOut, false).await?;
    Ok(())
}

#[tokio::test]
async fn an_opened_cabinet_sounds_until_it_is_shut_and_known() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    gate.set(Contact::Tamper, true).await?;
    gate.output(Output::Buzzer, true).await?;
    assert_eq!(gate.driver.saw().await?, EventKind::Tamper { on: true });
    gate.set(Contact::Tamper, false).await?;
    assert_eq!(gate.driver.saw().await?, EventKind::Tamper { on: false });
    gate.output(Output::Buzzer, false).await?;
    Ok(())
}

#[tokio::test]
async fn a_silent_box_frees_the_exit_and_a_new_one_takes_it_back() -> Result<()> {
    let tuning = BoardTuning {
        link_timeout_ms: 500,
        ..BoardTuning::default()
    };
    let ChipGate {
        machine,
        driver,
        bus,
    } = ChipGate::start(tuning).await?;
    drop(driver);
    let mut outputs = machine.outputs();
    let freed = outputs.wait_for(|now| Output::OpenOut.is_on(*now));
    let now = *timeout(PATIENCE, freed).await??;
    assert!(!Output::OpenIn.is_on(now), "{now:#b}");
    let mut driver = tests::Driver::start(&bus, 1, tuning)?;
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let kind = driver
            .until(|event| match event {
                drivers_turnstile::TurnstileEvent::Reported(report) => Some(report.kind),
                _ => None,
            })
            .await?;
        kinds.push(kind);
    }
    assert_eq!(kinds, [EventKind::LinkLost, EventKind::LinkBack]);
    timeout(
        PATIENCE,
        outputs.wait_for(|now| !Output::OpenOut.is_on(*now)),
    )
    .await??;
    Ok(())
}

#[tokio::test]
async fn settings_in_the_boards_memory_hold_before_any_box_speaks() -> Result<()> {
    let settings = BoardTuning {
        link_timeout_ms: 500,
        link_loss: LinkLossPolicy::FreeBoth,
        ..BoardTuning::default()
    };
    let machine = power_on(&Chip {
        settings: Some(settings),
        ..chip()
    })?;
    let mut outputs = machine.outputs();
    let both = |now: &u8| Output::OpenIn.is_on(*now) && Output::OpenOut.is_on(*now);
    timeout(PATIENCE, outputs.wait_for(both)).await??;
    Ok(())
}
