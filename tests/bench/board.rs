//! `board`: the firmware's image on a chip in QEMU, through the box's own driver, and its sizes.

use drivers_turnstile::{BoardTuning, Direction, EventKind};
use firmware_images::{BOARDS, Sizes, UPDATABLE, boot_image, image};
use firmware_protocol::Request;
use hw_sim::{Contact, Machine, Output};
use tests::{Asker, ChipGate, Result, chip, percentile, power_on};
use tokio::time::{Duration, Instant};

use crate::report::Report;

/// Between two Hellos to a chip that hangs.
const HELLO_EVERY: Duration = Duration::from_millis(20);
/// Session of a chip that got power for the first time since [`chip`]'s count.
const SESSION: u32 = 7 << 8;

/// Measures so many openings; polls ten times as many, fires and hangs fewer.
pub(crate) async fn measure(rounds: u32) -> Result<()> {
    let mut report = Report::new("board");
    let (open_ms, event_ms, stack_bytes) = openings(rounds).await?;
    report.add_at_most("open_to_pin_ms_p50", percentile(&open_ms, 0.5), 5.0);
    report.add("open_to_pin_ms_p99", percentile(&open_ms, 0.99));
    report.add("beam_to_event_ms_p50", percentile(&event_ms, 0.5));
    report.add("beam_to_event_ms_p99", percentile(&event_ms, 0.99));
    let fire_ms = fires(rounds / 2).await?;
    report.add_at_most("fire_to_pin_ms_p99", percentile(&fire_ms, 0.99), 40.0);
    let (poll_ms, hang_s) = polls_and_a_hang(rounds * 10).await?;
    report.add("poll_rtt_ms_p50", percentile(&poll_ms, 0.5));
    report.add("poll_rtt_ms_p99", percentile(&poll_ms, 0.99));
    report.add_at_most("hang_to_answer_s", hang_s, 1.2);
    let sizes = Sizes::of(&image(BOARDS[0]))?;
    report.add_at_most("flash_bytes", sizes.flash_bytes as f64, 16.0 * 1024.0);
    report.add_at_most("flash_bytes_with_updater", with_updater()?, 40.0 * 1024.0);
    report.add_at_most("ram_bytes", sizes.ram_bytes as f64, 2048.0);
    report.add_at_most("stack_bytes", f64::from(stack_bytes), 4096.0);
    report.finish()
}

/// Program and boot loader of the largest board that has one.
fn with_updater() -> Result<f64> {
    let mut largest = 0;
    for board in UPDATABLE {
        let program = Sizes::of(&image(board))?.flash_bytes;
        largest = largest.max(program + Sizes::of(&boot_image(board))?.flash_bytes);
    }
    Ok(largest as f64)
}

fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

async fn raised(machine: &mut Machine, output: Output) -> Result<()> {
    loop {
        let edge = machine.edge().await.ok_or("the chip lost power")?;
        if edge.pin == output.pin() && edge.high {
            return Ok(());
        }
    }
}

/// From the order to the relay, from the last beam to the box, and the stack's depth after all that.
async fn openings(rounds: u32) -> Result<(Vec<f64>, Vec<f64>, u32)> {
    let tuning = BoardTuning {
        open_pulse_ms: 50,
        debounce_ms: 1,
        ..BoardTuning::default()
    };
    let mut gate = ChipGate::start(tuning).await?;
    let (mut open_ms, mut event_ms) = (Vec::new(), Vec::new());
    for token in 1..=rounds {
        gate.machine.forget_edges();
        let start = Instant::now();
        gate.driver.handle.open(token, Direction::In)?;
        raised(&mut gate.machine, Output::OpenIn).await?;
        open_ms.push(ms_since(start));
        gate.walk("obi").await?;
        let start = Instant::now();
        gate.machine.set(Contact::BeamInner, false).await;
        let passed = EventKind::Passed {
            direction: Direction::In,
            token: Some(token),
        };
        if gate.driver.saw().await? != passed {
            return Err(format!("opening {token} did not end in its passage").into());
        }
        event_ms.push(ms_since(start));
        gate.output(Output::OpenIn, false).await?;
    }
    let stack = gate.machine.stack_bytes().await.ok_or("no stack")?;
    Ok((open_ms, event_ms, stack))
}

/// From the fire contact to the relay, with the default debouncing.
async fn fires(rounds: u32) -> Result<Vec<f64>> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    let mut found = Vec::new();
    for _ in 0..rounds {
        gate.machine.forget_edges();
        let start = Instant::now();
        gate.machine.set(Contact::Fire, true).await;
        raised(&mut gate.machine, Output::OpenIn).await?;
        found.push(ms_since(start));
        gate.machine.set(Contact::Fire, false).await;
        gate.output(Output::OpenIn, false).await?;
    }
    Ok(found)
}

/// From a poll to its answer, and from the moment a program hangs to its first answer again.
async fn polls_and_a_hang(rounds: u32) -> Result<(Vec<f64>, f64)> {
    let mut machine = power_on(&chip())?;
    let mut asker = Asker::greet(&mut machine).await?;
    let mut found = Vec::new();
    let (session, ack) = (SESSION, 0);
    for _ in 0..rounds {
        let start = Instant::now();
        asker.ask(&Request::Poll { session, ack }).await?;
        found.push(ms_since(start));
    }
    machine.hang().await.ok_or("no debugger")?;
    let start = Instant::now();
    while asker.hello(HELLO_EVERY).await.is_err() {}
    Ok((found, start.elapsed().as_secs_f64()))
}
