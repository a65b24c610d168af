//! Wiegand readers on the chip's interrupt pins, and the Wiegand output.

use std::time::Duration;

use drivers_turnstile::{BoardTuning, CardNumber, Direction, EventKind, KeyPress};
use firmware_protocol::{Reply, Request, SettingsOrigin};
use hw_sim::Output;
use tests::{Asker, ChipGate, PATIENCE, Result, chip, power_on};
use tokio::time::timeout;

/// Facility 123, card 45678, as a reader sends it; written out by hand.
const CARD_26: &str = "1 0111 1011 1011 0010 0110 1110 1";
const CARD_34: &str = "0 1111 1110 1101 1100 1011 1010 1001 1000 1";

fn bits_of(text: &str) -> Vec<bool> {
    let bits = text.chars().filter(|c| *c != ' ');
    bits.map(|c| c == '1').collect()
}

/// Swipes until the board tells it: a machine that is held up for 50 ms splits a telegram, as a
/// worn reader would, and the worker swipes again.
async fn swipe(gate: &mut ChipGate, reader: u8, bits: &str) -> Result<EventKind> {
    for _ in 0..5 {
        gate.machine.telegram(reader, &bits_of(bits)).await;
        if let Ok(kind) = timeout(Duration::from_secs(3), gate.driver.saw()).await {
            return kind;
        }
    }
    Err("five swipes told nothing".into())
}

#[tokio::test]
async fn both_readers_tell_their_cards_and_keys() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    let card = |reader, bits, number| EventKind::Card {
        reader,
        bits,
        number: CardNumber::new(number),
    };
    assert_eq!(
        swipe(&mut gate, 0, CARD_26).await?,
        card(Direction::In, 26, (123 << 16) | 45_678)
    );
    assert_eq!(
        swipe(&mut gate, 1, CARD_34).await?,
        card(Direction::Out, 34, 0xfedc_ba98)
    );
    // A keypad of 4 bits and one of 8.
    for (bits, key) in [("1011", 11), ("1000 0111", 7)] {
        let (reader, key) = (Direction::Out, KeyPress::new(key));
        assert_eq!(
            swipe(&mut gate, 1, bits).await?,
            EventKind::Key { reader, key }
        );
    }
    Ok(())
}

/// Telegrams of lengths that no card and no key has; all bits are zeros, so that no part of one is a
/// card either.
#[tokio::test]
async fn noise_of_any_length_is_no_card() -> Result<()> {
    let mut gate = ChipGate::start(BoardTuning::default()).await?;
    for length in [1, 2, 3, 5, 7, 9, 25, 26, 27, 33, 34, 35, 64, 127, 128] {
        gate.machine
            .telegram(length % 2, &vec![false; length.into()])
            .await;
        // The next bit belongs to the next telegram.
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let number = CardNumber::new((123 << 16) | 45_678);
    let wanted = EventKind::Card {
        reader: Direction::In,
        bits: 26,
        number,
    };
    loop {
        match swipe(&mut gate, 0, CARD_26).await? {
            // A telegram that a busy computer tore apart may hold the four bits of a key.
            EventKind::Key { .. } => {}
            told => {
                assert_eq!(told, wanted, "the first card of all");
                return Ok(());
            }
        }
    }
}

#[tokio::test]
async fn a_number_leaves_on_the_wiegand_output() -> Result<()> {
    let mut machine = power_on(&chip())?;
    let mut asker = Asker::greet(&mut machine).await?;
    machine.forget_edges();
    let request = Request::SendCard {
        bits: 26,
        number: CardNumber::new((123 << 16) | 45_678),
    };
    assert_eq!(asker.ask(&request).await?, Reply::Done);
    let mut sent = Vec::new();
    while sent.len() < 26 {
        let edge = timeout(PATIENCE, machine.edge()).await?.ok_or("no power")?;
        if edge.high {
            continue;
        }
        if edge.pin == Output::CardZero.pin() {
            sent.push(false);
        } else if edge.pin == Output::CardOne.pin() {
            sent.push(true);
        }
    }
    assert_eq!(sent, bits_of(CARD_26));
    Ok(())
}

#[tokio::test]
async fn junk_is_counted_and_the_board_goes_on_answering() -> Result<()> {
    let mut machine = power_on(&chip())?;
    let mut asker = Asker::greet(&mut machine).await?;
    let mut state = 1_u32;
    for _ in 0..10_000 {
        let frame: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from(state >> 24).unwrap() | 1
        })
        .take(9)
        .chain([0])
        .collect();
        asker.send(frame).await;
    }
    let Reply::Statistics(statistics) = asker.ask(&Request::AskStatistics).await? else {
        return Err("no statistics".into());
    };
    assert!(statistics.bad_frames >= 9_000, "{statistics:?}");
    assert_eq!(statistics.frames, 2);
    assert_eq!(*machine.resets().borrow(), 0, "the watchdog was fed");
    assert_eq!(statistics.settings, SettingsOrigin::Defaults);
    // QEMU's flash takes nothing, and the board says so.
    let configure = Request::Configure(BoardTuning::default());
    assert_eq!(asker.ask(&configure).await?, Reply::Done);
    let Reply::Statistics(statistics) = asker.ask(&Request::AskStatistics).await? else {
        return Err("no statistics".into());
    };
    assert_eq!(statistics.settings, SettingsOrigin::NotKept);
    Ok(())
}
