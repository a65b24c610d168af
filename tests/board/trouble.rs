//! Hung programs, power cuts, drivers that restart, noise, and several boards on one line.

use drivers_turnstile::{BoardTuning, BoardUid, Direction, EventKind, ResetCause, TurnstileEvent};
use hw_sim::{Chip, Contact, Edge, Output};
use tests::{Bus, ChipGate, Driver, PATIENCE, Result, chip, power_on};
use tokio::time::timeout;

#[tokio::test]
async fn a_hung_program_is_reset_and_does_not_open_again() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    gate.driver.open(5, Direction::In).await?;
    gate.moved(Output::OpenIn, true).await?;
    gate.machine.hang().await.ok_or("no debugger")?;
    let facts = gate
        .driver
        .until(|event| match event {
            TurnstileEvent::Restarted(facts) => Some(*facts),
            _ => None,
        })
        .await?;
    // 7 power-ons before this one: QEMU's flash does not count the present one.
    assert_eq!(facts.boot, (7 << 8) | 1);
    assert_eq!(facts.reset_cause, ResetCause::Unknown, "QEMU does not say");
    let mut resets = gate.machine.resets();
    timeout(PATIENCE, resets.wait_for(|count| *count == 1)).await??;
    gate.output(Output::OpenIn, false).await?;
    // The opening is forgotten: whoever walks now has none.
    gate.walk(".obi.").await?;
    let direction = Direction::In;
    assert_eq!(gate.driver.saw().await?, EventKind::Intruded { direction });
    Ok(())
}

#[tokio::test]
async fn a_power_cut_begins_another_session() -> Result<()> {
    let mut boots = Vec::new();
    for power_ons in [1, 2] {
        let mut machine = power_on(&Chip {
            power_ons,
            ..chip()
        })?;
        let bus = Bus::new(vec![machine.take_line().ok_or("it has its line")?]);
        let mut driver = Driver::start(&bus, 1, BoardTuning::default())?;
        let facts = driver
            .until(|event| match event {
                TurnstileEvent::LinkBack(facts) => Some(*facts),
                _ => None,
            })
            .await?;
        assert_eq!(facts.reset_cause, ResetCause::PowerOn);
        boots.push(facts.boot);
    }
    assert_ne!(boots[0], boots[1]);
    Ok(())
}

#[tokio::test]
async fn a_driver_that_restarts_in_the_middle_of_a_pulse_opens_once_and_hears_all() -> Result<()> {
    let tuning = BoardTuning {
        open_pulse_ms: 5000,
        pass_timeout_ms: 60_000,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start(tuning).await?;
    gate.driver.handle.open(77, Direction::In)?;
    gate.moved(Output::OpenIn, true).await?;
    let mut gate = gate.restart_driver(tuning)?;
    gate.driver
        .until(|event| matches!(event, TurnstileEvent::LinkBack(_)).then_some(()))
        .await?;
    gate.driver.open(77, Direction::In).await?;
    gate.walk(".obi.").await?;
    let passed = EventKind::Passed {
        direction: Direction::In,
        token: Some(77),
    };
    assert_eq!(gate.driver.saw().await?, passed);
    gate.output(Output::OpenIn, false).await?;
    let pulled = |edge: &Edge| edge.pin == Output::OpenIn.pin() && edge.high;
    let again = gate.machine.edges_so_far().into_iter().find(pulled);
    assert!(again.is_none(), "the relay was pulled a second time");
    Ok(())
}

#[tokio::test]
async fn noise_on_the_line_loses_and_repeats_nothing() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning {
        pass_timeout_ms: 60_000,
        ..BoardTuning::default()
    })
    .await?;
    gate.bus.set_noise(97);
    for token in 1..=5 {
        gate.driver.open(token, Direction::In).await?;
        gate.walk(".obi.").await?;
        let passed = EventKind::Passed {
            direction: Direction::In,
            token: Some(token),
        };
        assert_eq!(gate.driver.saw().await?, passed);
    }
    Ok(())
}

#[tokio::test]
async fn two_boards_on_one_line_answer_to_their_own_address() -> Result<()> {
    let mut machines = Vec::new();
    let mut lines = Vec::new();
    for address in [1, 2] {
        let mut machine = power_on(&Chip {
            uid: BoardUid([address; 8]),
            address,
            ..chip()
        })?;
        lines.push(machine.take_line().ok_or("it has its line")?);
        machines.push(machine);
    }
    let bus = Bus::new(lines);
    let opens = |edge: &Edge| edge.pin == Output::OpenIn.pin() && edge.high;
    for (address, this, other) in [(1, 0, 1), (2, 1, 0)] {
        let mut driver = Driver::start(&bus, address, BoardTuning::default())?;
        let facts = driver
            .until(|event| match event {
                TurnstileEvent::LinkBack(facts) => Some(*facts),
                _ => None,
            })
            .await?;
        assert_eq!(facts.uid, BoardUid([address; 8]));
        let opened = machines[this].edges_so_far().iter().any(opens);
        assert!(!opened, "it stayed shut while the other one had a fire");
        for on in [true, false] {
            machines[this].set(Contact::Fire, on).await;
            assert_eq!(driver.saw().await?, EventKind::Fire { on });
            let mut outputs = machines[this].outputs();
            let moved = outputs.wait_for(|now| Output::OpenIn.is_on(*now) == on);
            timeout(PATIENCE, moved).await??;
        }
        machines[this].forget_edges();
        let opened = machines[other].edges_so_far().iter().any(opens);
        assert!(!opened, "the other gate stays shut");
    }
    Ok(())
}

#[tokio::test]
async fn events_that_found_no_room_are_counted_and_told() -> Result<()> {
    let ChipGate {
        machine,
        driver,
        bus,
    } = ChipGate::start(BoardTuning::default()).await?;
    drop(driver);
    let mut outputs = machine.outputs();
    for _ in 0..20 {
        for on in [true, false] {
            machine.set(Contact::Fire, on).await;
            let told = outputs.wait_for(|now| Output::OpenIn.is_on(*now) == on);
            timeout(PATIENCE, told).await??;
        }
    }
    let mut driver = Driver::start(&bus, 1, BoardTuning::default())?;
    let lost = driver
        .until(|event| match event {
            TurnstileEvent::EventsLost { count } => Some(*count),
            _ => None,
        })
        .await?;
    // Forty fires for 32 places, and the board's silences beside them: as many as the computer is busy.
    let (mut fires, mut expected) = (0, true);
    for seq in lost + 1..=lost + 32 {
        let report = driver
            .until(|event| match event {
                TurnstileEvent::Reported(report) => Some(*report),
                _ => None,
            })
            .await?;
        assert_eq!(report.key.seq, seq, "the oldest made room");
        if let EventKind::Fire { on } = report.kind {
            assert!(fires == 0 || on == expected, "none is missing in between");
            (fires, expected) = (fires + 1, !on);
        }
    }
    assert!(fires >= 16 && fires + lost >= 40, "{fires}, {lost}");
    Ok(())
}
