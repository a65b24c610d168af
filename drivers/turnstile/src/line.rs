//! One request, one reply.

use crate::settings::REPLY_TIMEOUT_MS;
use drivers_link::{BoxedLink, LinkError, read_some, send};
use firmware_protocol::{
    FRAME_BYTES_MAX, Frame, FrameFault, Receiver, Reply, Request, encode_frame,
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What became of one try.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The board answered.
    Reply(Reply),
    /// No answer in time.
    Nothing,
}

/// A request as it goes out. A second try sends the same bytes, so the board can tell a repeated
/// request from a new one.
#[derive(Debug)]
pub(crate) struct Prepared {
    number: u8,
    bytes: [u8; FRAME_BYTES_MAX + 1],
    used: usize,
}

/// An open link with its framing.
pub(crate) struct Line {
    link: BoxedLink,
    address: u8,
    number: u8,
    receiver: Receiver<Reply>,
    buffer: [u8; 256],
    last_used_at: Instant,
}

impl Line {
    pub(crate) fn new(link: BoxedLink, address: u8) -> Self {
        Self {
            link,
            address,
            number: 0,
            receiver: Receiver::new(),
            buffer: [0; 256],
            last_used_at: Instant::now(),
        }
    }

    /// When the last exchange ended.
    pub(crate) fn last_used_at(&self) -> Instant {
        self.last_used_at
    }

    /// Gives a request its number and its bytes. The delimiter in front ends whatever noise the
    /// board may have collected.
    pub(crate) fn prepare(&mut self, request: &Request) -> Result<Prepared, FrameFault> {
        self.number = self.number.wrapping_add(1);
        let mut bytes = [0; FRAME_BYTES_MAX + 1];
        let (_, frame) = bytes.split_at_mut(1);
        let used = encode_frame(self.address, self.number, request, frame)? + 1;
        Ok(Prepared {
            number: self.number,
            bytes,
            used,
        })
    }

    /// Sends a request in one write and waits for its reply.
    pub(crate) async fn exchange(&mut self, request: &Prepared) -> Result<Heard, LinkError> {
        send(
            &mut self.link,
            request.bytes.get(..request.used).unwrap_or_default(),
        )
        .await?;
        let deadline = Instant::now() + Duration::from_millis(REPLY_TIMEOUT_MS);
        let heard = loop {
            match timeout_at(deadline, read_some(&mut self.link, &mut self.buffer)).await {
                Err(_) => break Heard::Nothing,
                Ok(read) => {
                    if let Some(reply) = self.sift(read?, Some(request.number)) {
                        break Heard::Reply(reply);
                    }
                }
            }
        };
        self.last_used_at = Instant::now();
        Ok(heard)
    }

    /// Reads what nobody asked for, and so notices an unplugged line. The future may be dropped.
    pub(crate) async fn listen(&mut self) -> Result<(), LinkError> {
        let count = read_some(&mut self.link, &mut self.buffer).await?;
        self.sift(count, None);
        Ok(())
    }

    fn sift(&mut self, count: usize, awaited: Option<u8>) -> Option<Reply> {
        let mut found = None;
        for byte in self.buffer.iter().take(count) {
            match self.receiver.push(*byte) {
                None => {}
                Some(Ok(Frame {
                    address,
                    number,
                    message: Some(reply),
                    ..
                })) if address == self.address && Some(number) == awaited => {
                    found = Some(reply);
                }
                Some(Ok(frame)) => {
                    tracing::debug!(number = frame.number, "Frame of no use");
                }
                Some(Err(fault)) => tracing::debug!(%fault, "Damaged frame"),
            }
        }
        found
    }
}
