//! ID-card readers: what arrives on their serial line.

use drivers_idcard::{
    BaseRead, CardKind, CardText, Command, CommandFrame, FRAME_BYTES_MAX, Field, FrameDecoder,
    Poll, PollEffect, PollInput, PollSettings, ReaderEvent, ReplyFrame,
};

use crate::cursor::Cursor;

/// Most that the machine may ask for at once: more would be a loop.
const EFFECTS_MAX: usize = 16;
const DONE: u8 = 0x90;
const FOUND: u8 = 0x9F;

fn card() -> Vec<u8> {
    let text = CardText::new(CardKind::Resident)
        .with(Field::Name, "张三")
        .with(Field::Number, "349901199003070016");
    let Ok(block) = text.encode() else {
        return Vec::new();
    };
    let portrait = [0; 1024];
    let read = BaseRead {
        text: &block,
        portrait: &portrait,
        fingerprint: None,
    };
    read.encode().unwrap_or_default()
}

/// Replies of a reader that finds and reads a card.
fn replies() -> Vec<ReplyFrame> {
    vec![
        ReplyFrame::new(DONE, [1; 16]),
        ReplyFrame::new(FOUND, [0; 4]),
        ReplyFrame::new(DONE, [0; 8]),
        ReplyFrame::new(DONE, card()),
    ]
}

/// The line as it is: replies, and commands for the simulator's end.
pub(crate) fn frame_seeds() -> Vec<Vec<u8>> {
    let replies = replies();
    let mut seeds: Vec<Vec<u8>> = replies.iter().map(ReplyFrame::encode).collect();
    seeds.push(replies.iter().flat_map(ReplyFrame::encode).collect());
    for command in [
        Command::SamId,
        Command::Find,
        Command::Select,
        Command::ReadBase,
    ] {
        seeds.push(command.encode());
    }
    seeds
}

/// Frames come out of any bytes alike, however they are split.
pub(crate) fn frames(bytes: &[u8]) -> bool {
    let mut whole = FrameDecoder::<ReplyFrame>::new();
    let mut split = FrameDecoder::<ReplyFrame>::new();
    let replies = whole.feed(bytes);
    let apart: Vec<ReplyFrame> = bytes.chunks(7).flat_map(|part| split.feed(part)).collect();
    assert!(replies == apart, "the same bytes, other frames");
    assert!(
        whole.pending_bytes() <= FRAME_BYTES_MAX,
        "a reader fills the memory"
    );
    let late = whole.give_up();
    let mut understood = false;
    for reply in replies.iter().chain(&late) {
        understood |=
            BaseRead::parse(&reply.data).is_ok_and(|read| CardText::decode(read.text).is_ok());
    }
    let mut commands = FrameDecoder::<CommandFrame>::new();
    understood |= !commands.feed(bytes).is_empty();
    understood
}

/// A conversation: how long passes, then a reply's status and data.
pub(crate) fn poll_seeds() -> Vec<Vec<u8>> {
    let mut seed = vec![0, 0, 0];
    for reply in replies() {
        let length = u16::try_from(reply.data.len()).unwrap_or(0);
        seed.extend([2, 10, 0, reply.sw3]);
        seed.extend(length.to_le_bytes());
        seed.extend(reply.data.iter());
    }
    vec![seed]
}

/// The polling machine in front of a reader that says anything at any time.
pub(crate) fn poll(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    let mut poll = Poll::new(PollSettings {
        reads_new_address: true,
        ..PollSettings::default()
    });
    let mut now_ms = 0_u64;
    let mut read = false;
    while !input.is_empty() {
        let what = input.byte();
        now_ms = now_ms.saturating_add(u64::from(input.short()));
        let step = match what % 6 {
            0 => PollInput::Opened,
            1 => PollInput::Lost,
            2 => {
                let status = input.byte();
                let length = usize::from(input.short());
                PollInput::Reply(ReplyFrame::new(status, input.take(length)))
            }
            3 => PollInput::Arriving { len: input.short() },
            4 => {
                if poll.due_at_ms() != u64::MAX {
                    now_ms = now_ms.max(poll.due_at_ms());
                }
                PollInput::Due
            }
            _ => PollInput::Due,
        };
        let effects = poll.step(now_ms, step);
        assert!(effects.len() <= EFFECTS_MAX, "one input, no end of effects");
        read |= effects
            .iter()
            .any(|effect| matches!(effect, PollEffect::Emit(ReaderEvent::Card(_))));
    }
    read
}
