//! The reader's loop over a real pseudo-terminal, opened as on a box.

use std::error::Error;
use std::sync::Arc;

use drivers_idcard::{
    BaseRead, CardKind, CardText, Command, CommandFrame, Field, FrameDecoder, PollSettings,
    ReaderEvent, ReaderSettings, ReplyFrame, SamId, run,
};
use drivers_link::{BoxedLink, LinkCause, SystemLinks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_serial::{SerialPort, SerialStream};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A terminal whose master is the device; the address is its slave.
fn terminal() -> Outcome<(SerialStream, String)> {
    let (master, mut slave) = SerialStream::pair()?;
    slave.set_exclusive(false)?;
    let path = slave.name().ok_or("a slave without a name")?;
    Ok((master, format!("serial:{path}?baud=115200")))
}

fn start(address: &str) -> Outcome<mpsc::Receiver<ReaderEvent>> {
    let (sender, events) = mpsc::channel(16);
    let settings = ReaderSettings {
        address: address.parse()?,
        poll: PollSettings {
            find_interval_ms: 10,
            ..PollSettings::default()
        },
        jitter: Arc::new(|| 0),
    };
    tokio::spawn(run(settings, Arc::new(SystemLinks::default()), sender));
    Ok(events)
}

fn base_reply() -> Outcome<Vec<u8>> {
    let card = CardText::new(CardKind::Resident)
        .with(Field::Name, "张三")
        .with(Field::Number, "34990119900307018X");
    let text = card.encode()?;
    let portrait = [0xAA; 1024];
    let base = BaseRead {
        text: &text,
        portrait: &portrait,
        fingerprint: None,
    };
    Ok(ReplyFrame::new(0x90, base.encode()?).encode())
}

/// Answers every command as a reader with one card on it would, in pieces of a few bytes, until
/// the host hangs up.
async fn play(device: &mut BoxedLink, piece_bytes: usize) -> Outcome<()> {
    let mut decoder = FrameDecoder::<CommandFrame>::new();
    let mut buffer = [0; 64];
    let mut was_read = false;
    loop {
        let count = device.read(&mut buffer).await?;
        let heard = buffer.get(..count).unwrap_or_default();
        for frame in decoder.feed(heard) {
            let reply = match Command::from_code(frame.command, frame.parameter) {
                Some(Command::SamId) => ReplyFrame::new(0x90, [7; 16]).encode(),
                Some(Command::Find) if was_read => ReplyFrame::new(0x80, []).encode(),
                Some(Command::Find) => ReplyFrame::new(0x9F, [0; 4]).encode(),
                Some(Command::Select) => ReplyFrame::new(0x90, [0; 8]).encode(),
                Some(Command::ReadBase) => {
                    was_read = true;
                    base_reply()?
                }
                Some(_) | None => ReplyFrame::new(0x21, []).encode(),
            };
            for piece in reply.chunks(piece_bytes) {
                device.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn a_card_comes_through_a_terminal_in_any_pieces() {
    for piece_bytes in [1, 7, 32, 4_096] {
        let (master, address) = terminal().unwrap();
        let mut events = start(&address).unwrap();
        let mut device: BoxedLink = Box::new(master);
        let player = tokio::spawn(async move {
            let outcome = play(&mut device, piece_bytes).await;
            outcome.is_ok()
        });
        let sam_id = SamId::from_bytes([7; 16]);
        assert_eq!(events.recv().await, Some(ReaderEvent::Online { sam_id }));
        let card = loop {
            match events.recv().await {
                Some(ReaderEvent::Arriving) => {}
                other => break other,
            }
        };
        let Some(ReaderEvent::Card(card)) = card else {
            panic!("{card:?} instead of a card");
        };
        assert_eq!(card.text.reveal(Field::Number), "34990119900307018X");
        assert_eq!(card.portrait.reveal(), [0xAA; 1024]);
        assert_eq!(events.recv().await, Some(ReaderEvent::Removed));
        player.abort();
        assert!(player.await.is_err());
        assert!(matches!(
            events.recv().await,
            Some(ReaderEvent::Offline { .. })
        ));
    }
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_named_as_such() {
    let (_master, address) = terminal().unwrap();
    let _first = start(&address).unwrap();
    tokio::task::yield_now().await;
    let mut second = start(&address).unwrap();
    let Some(ReaderEvent::Offline { cause, why }) = second.recv().await else {
        panic!("the second reader got the port");
    };
    assert_eq!(cause, LinkCause::Held);
    assert!(why.contains("another program holds the port"), "{why}");
}
