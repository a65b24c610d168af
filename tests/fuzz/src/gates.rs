//! The line to a gate board: frames in both directions.

use firmware_protocol::{
    BoardUid, Direction, FRAME_BYTES_MAX, Frame, GateState, Hello, Inputs, MAJOR, MINOR, Receiver,
    Reply, Request, ResetCause, Status, encode_frame,
};

use crate::cursor::Cursor;

/// The request that must be heard after anything.
const LAST: Request = Request::Poll { session: 1, ack: 3 };

/// A frame with this body, whatever it says: address, number, CRC and stuffing as they must be.
pub(crate) fn framed(address: u8, number: u8, body: &[u8]) -> Vec<u8> {
    let mut plain = vec![address, number];
    plain.extend(body);
    plain.extend(firmware_protocol::checksum(&plain).to_le_bytes());
    let mut out = vec![0; cobs::max_encoding_length(plain.len()) + 1];
    let used = cobs::try_encode(&plain, &mut out).unwrap_or(0);
    out.truncate(used + 1);
    out
}

pub(crate) fn requests() -> Vec<Request> {
    vec![
        Request::Hello {
            major: MAJOR,
            minor: MINOR,
        },
        Request::Poll { session: 9, ack: 0 },
        Request::Open {
            direction: Direction::In,
            token: 7,
        },
    ]
}

pub(crate) fn replies() -> [Reply; 2] {
    [
        Reply::Hello(Hello {
            major: MAJOR,
            minor: MINOR,
            uid: BoardUid([1; 8]),
            session: 9,
            firmware: [1, 0, 0],
            reset_cause: ResetCause::PowerOn,
        }),
        Reply::Status(Status {
            uptime_ms: 1000,
            state: GateState::Closed,
            inputs: Inputs::default(),
            pending: 0,
            lost_events: 0,
            bad_frames: 0,
            events: heapless::Vec::new(),
        }),
    ]
}

fn written<M: serde::Serialize>(message: &M) -> Vec<u8> {
    let mut out = [0; FRAME_BYTES_MAX];
    let used = encode_frame(1, 1, message, &mut out).unwrap_or(0);
    out.get(..used).unwrap_or_default().to_vec()
}

/// The first byte says whether the rest is the line itself or bodies to be framed.
pub(crate) fn frame_seeds() -> Vec<Vec<u8>> {
    let frames = [
        requests().iter().map(written).collect::<Vec<_>>(),
        replies().iter().map(written).collect(),
    ]
    .concat();
    frames
        .iter()
        .map(|frame| [&[0][..], frame].concat())
        .collect()
}

/// Whatever arrives: the next whole frame after it is heard, and what was heard means the same when
/// it is written again.
pub(crate) fn frames(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    let raw = input.byte().is_multiple_of(2);
    let mut line = Vec::new();
    if raw {
        line.extend(input.0);
    } else {
        while !input.is_empty() {
            let (address, number) = (input.byte(), input.byte());
            line.extend(framed(address, number, input.piece()));
        }
    }
    let understood = heard::<Request>(&line) | heard::<Reply>(&line);
    line.extend([0]);
    line.extend(written(&LAST));
    let mut receiver = Receiver::<Request>::new();
    let last = line.iter().filter_map(|byte| receiver.push(*byte)).last();
    assert!(
        last.is_some_and(|last| last.is_ok_and(|frame| frame.message == Some(LAST))),
        "a whole frame was not heard"
    );
    understood
}

fn heard<M>(line: &[u8]) -> bool
where
    M: serde::Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let mut receiver = Receiver::<M>::new();
    let mut understood = false;
    for byte in line {
        let Some(Ok(Frame {
            address,
            number,
            message: Some(message),
            ..
        })) = receiver.push(*byte)
        else {
            continue;
        };
        let mut out = [0; FRAME_BYTES_MAX];
        let used = encode_frame(address, number, &message, &mut out);
        assert!(used.is_ok(), "what was read cannot be written");
        let mut again = Receiver::<M>::new();
        let told = out.iter().find_map(|byte| again.push(*byte));
        assert!(
            told.is_some_and(|told| told.is_ok_and(|frame| frame.message == Some(message))),
            "what was read is written as something else"
        );
        understood = true;
    }
    understood
}

/// What a message is between the head and the check of its frame.
pub(crate) fn body(reply: &Reply) -> Vec<u8> {
    let plain = unstuffed(&written(reply));
    let end = plain.len().saturating_sub(4);
    plain.get(2..end).unwrap_or_default().to_vec()
}

/// The number of a request on the line.
pub(crate) fn number(request: &[u8]) -> Option<u8> {
    unstuffed(request).get(1).copied()
}

fn unstuffed(frame: &[u8]) -> Vec<u8> {
    // A box ends the noise before its request with a delimiter of its own.
    let frame = frame.strip_prefix(&[0]).unwrap_or(frame);
    let mut plain = frame.strip_suffix(&[0]).unwrap_or(frame).to_vec();
    let used = cobs::decode_in_place(&mut plain).unwrap_or(0);
    plain.truncate(used);
    plain
}
