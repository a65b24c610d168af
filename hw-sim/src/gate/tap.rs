//! Listens on the wire from the box for open commands, so that benches know when one began to arrive and the
//! journal can tell an opening that the box asked for from one of the board's own.

use firmware_protocol::{Direction as Way, Frame, Receiver, Request};

use crate::direction::Direction;

/// An open command that was heard whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenHeard {
    /// Which way.
    pub(super) direction: Direction,
    /// Name of the opening.
    pub(super) token: u32,
    /// When the read that brought its first byte returned, `CLOCK_MONOTONIC` in ns.
    pub(super) first_byte_ns: u64,
}

/// One listener.
#[derive(Debug, Default)]
pub(super) struct Tap {
    receiver: Receiver<Request>,
    began_ns: Option<u64>,
    whole_requests: u64,
}

impl Tap {
    /// Takes the bytes of one read.
    pub(super) fn listen(&mut self, now_ns: u64, bytes: &[u8]) -> Vec<OpenHeard> {
        let mut heard = Vec::new();
        for byte in bytes {
            if *byte != 0 {
                self.began_ns.get_or_insert(now_ns);
            }
            let received = self.receiver.push(*byte);
            let began_ns = if *byte == 0 {
                self.began_ns.take()
            } else {
                None
            };
            if let (Some(Ok(frame)), Some(first_byte_ns)) = (received, began_ns) {
                self.whole_requests = self.whole_requests.saturating_add(1);
                heard.extend(open_of(&frame, first_byte_ns));
            }
        }
        heard
    }

    /// Whole requests of any kind since the start.
    pub(super) fn whole_requests(&self) -> u64 {
        self.whole_requests
    }
}

fn open_of(frame: &Frame<Request>, first_byte_ns: u64) -> Option<OpenHeard> {
    let Some(Request::Open { direction, token }) = frame.message else {
        return None;
    };
    let direction = match direction {
        Way::In => Direction::In,
        Way::Out => Direction::Out,
    };
    Some(OpenHeard {
        direction,
        token,
        first_byte_ns,
    })
}

#[cfg(test)]
mod tests {
    use firmware_protocol::{Direction as Way, FRAME_BYTES_MAX, Request, encode_frame};

    use super::{OpenHeard, Tap};
    use crate::direction::Direction;

    #[test]
    fn the_time_is_that_of_the_first_byte_of_the_open_command() {
        let mut wire = [0u8; FRAME_BYTES_MAX];
        let poll = Request::Poll { session: 1, ack: 0 };
        let count = encode_frame(1, 1, &poll, &mut wire).unwrap();
        let mut tap = Tap::default();
        assert_eq!(tap.listen(100, &wire[..count]), []);
        let open = Request::Open {
            direction: Way::Out,
            token: 9,
        };
        let count = encode_frame(1, 2, &open, &mut wire).unwrap();
        assert_eq!(tap.listen(200, &[0]), []);
        assert_eq!(tap.listen(300, &wire[..4]), []);
        let heard = OpenHeard {
            direction: Direction::Out,
            token: 9,
            first_byte_ns: 300,
        };
        assert_eq!(tap.listen(400, &wire[4..count]), [heard]);
        assert_eq!(tap.whole_requests(), 2);
    }
}
