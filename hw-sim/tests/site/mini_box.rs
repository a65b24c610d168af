//! The smallest box that opens a gate: polls one reader and one board, opens for whatever card it reads.

use std::path::Path;
use std::time::Duration;

use firmware_protocol::{
    Direction, FRAME_BYTES_MAX, MAJOR, MINOR, Receiver, Reply, Request, encode_frame,
};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub(crate) const FIND: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x01, 0x22];
pub(crate) const SELECT: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x02, 0x21];
pub(crate) const READ: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x01, 0x32];

/// A terminal as a box would open it.
pub(crate) async fn open(path: &Path) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .await
        .unwrap()
}

/// Sends a command and reads one whole frame by its length.
pub(crate) async fn ask(line: &mut File, command: &[u8]) -> Vec<u8> {
    line.write_all(command).await.unwrap();
    line.flush().await.unwrap();
    let mut frame = vec![0; 7];
    line.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[..5], [0xAA, 0xAA, 0xAA, 0x96, 0x69]);
    let rest = usize::from(u16::from_be_bytes([frame[5], frame[6]]));
    frame.resize(7 + rest, 0);
    line.read_exact(&mut frame[7..]).await.unwrap();
    assert_eq!(frame[5..].iter().fold(0, |sum, byte| sum ^ byte), 0);
    frame
}

/// Reads cards for ever and gives their numbers.
pub(crate) async fn read_cards(reader: std::path::PathBuf, cards: mpsc::Sender<String>) {
    let mut line = open(&reader).await;
    loop {
        if ask(&mut line, FIND).await[9] != 0x9F || ask(&mut line, SELECT).await[9] != 0x90 {
            continue;
        }
        let reply = ask(&mut line, READ).await;
        if reply[9] == 0x90 {
            let units: Vec<u16> = reply[14 + 122..14 + 158]
                .chunks(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            let number = String::from_utf16(&units).unwrap().trim_end().to_owned();
            if cards.send(number).await.is_err() {
                return;
            }
        }
    }
}

/// Keeps a board's link alive and opens for every token that comes.
pub(crate) async fn drive_board(
    board: std::path::PathBuf,
    mut opens: mpsc::Receiver<(Direction, u32)>,
) {
    let mut line = open(&board).await;
    let mut number = 0;
    let hello = Request::Hello {
        major: MAJOR,
        minor: MINOR,
    };
    let Some(Reply::Hello(hello)) = request(&mut line, &mut number, &hello).await else {
        panic!("no hello");
    };
    loop {
        let wait = Duration::from_millis(50);
        match timeout(wait, opens.recv()).await {
            Ok(Some((direction, token))) => {
                let open = Request::Open { direction, token };
                assert!(matches!(
                    request(&mut line, &mut number, &open).await,
                    Some(Reply::Open { .. })
                ));
            }
            Ok(None) => return,
            Err(_) => {
                let poll = Request::Poll {
                    session: hello.session,
                    ack: 0,
                };
                request(&mut line, &mut number, &poll).await;
            }
        }
    }
}

async fn request(line: &mut File, number: &mut u8, request: &Request) -> Option<Reply> {
    *number = number.wrapping_add(1);
    let mut wire = [0u8; FRAME_BYTES_MAX];
    let count = encode_frame(1, *number, request, &mut wire).unwrap();
    line.write_all(&wire[..count]).await.unwrap();
    line.flush().await.unwrap();
    let mut receiver = Receiver::<Reply>::new();
    loop {
        let byte = line.read_u8().await.unwrap();
        if let Some(received) = receiver.push(byte) {
            return received.unwrap().message;
        }
    }
}

/// A fast site with one lane of the given scenario text appended.
pub(crate) fn fast_day(more: &str) -> hw_sim::SiteDay {
    let text = format!(
        r#"
        name = "test"
        title = "测试"
        seed = 3
        people = {{ seed = 3, count = 5 }}
        reader = {{ baud = 460800, find_ms = 1, select_ms = 1, read_ms = 1 }}
        gate = {{ crossing_ms = 500, gap_ms = 50 }}
        habits = {{ step_up_ms = 0, pass_wait_ms = 400, lift_ms = 5, pause_ms = 20, overlap = false }}
        lane = [{{ lane = "a", text = "一号", reader_in = "a-in" }}]
        {more}
        "#
    );
    hw_sim::SiteDay::parse(&text).unwrap()
}
