//! One serial socket of a simulated device: a terminal that may be unplugged, and both directions paced.

use std::path::PathBuf;

use super::pacing::PacedLine;
use super::pty::Pty;
use crate::clock;
use crate::error::SimError;
use crate::seed::Seeded;

/// Bytes taken from the terminal at once.
const READ_BYTES_MAX: usize = 512;

/// A mark behind the last byte of a reply was reached: that byte has been written to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered<M> {
    /// The mark.
    pub mark: M,
    /// `CLOCK_MONOTONIC` in ns, taken just before the last byte was written.
    pub mono_ns: u64,
    /// False when the terminal was full and bytes of this reply were lost.
    pub whole: bool,
    /// True when the ends had different speeds, so that the box heard garbage.
    pub garbled: bool,
}

/// The device's end of its cable.
#[derive(Debug)]
pub(crate) struct Port<M> {
    link: PathBuf,
    baud: u32,
    pty: Option<Pty>,
    from_box: PacedLine<()>,
    to_box: PacedLine<M>,
    wrong_baud: bool,
    lost_since_mark: bool,
    garbled_since_mark: bool,
    garbage: Seeded,
}

impl<M> Port<M> {
    /// A port with its cable in.
    pub(crate) fn open(link: PathBuf, baud: u32) -> Result<Self, SimError> {
        let pty = Pty::open(&link, baud)?;
        Ok(Self {
            link,
            baud,
            pty: Some(pty),
            from_box: PacedLine::new(baud),
            to_box: PacedLine::new(baud),
            wrong_baud: false,
            lost_since_mark: false,
            garbled_since_mark: false,
            garbage: Seeded::new(u64::from(baud)),
        })
    }

    /// True while the cable is in.
    pub(crate) fn is_plugged(&self) -> bool {
        self.pty.is_some()
    }

    /// Pulls the cable: what is on the wire is lost. Returns the marks that will never be reached.
    pub(crate) fn unplug(&mut self) -> Vec<M> {
        self.pty = None;
        self.from_box.cut();
        self.to_box.cut()
    }

    /// Puts the cable in again: a new terminal under the old name. Nothing happens if it is in already.
    pub(crate) fn plug(&mut self) -> Result<(), SimError> {
        if self.pty.is_none() {
            self.pty = Some(Pty::open(&self.link, self.baud)?);
        }
        Ok(())
    }

    /// Makes both ends disagree about the speed, or agree again.
    pub(crate) fn set_wrong_baud(&mut self, wrong: bool) {
        self.wrong_baud = wrong;
    }

    /// Changes the device's own speed.
    pub(crate) fn set_baud(&mut self, baud: u32) {
        self.baud = baud;
        self.from_box.set_baud(baud);
        self.to_box.set_baud(baud);
    }

    /// Waits for bytes from the box and puts them on the wire; gives when the first of them arrived
    /// at the terminal and the bytes as the box wrote them. Never returns while the cable is out.
    /// Cancel-safe.
    pub(crate) async fn arrive(&mut self) -> (u64, Vec<u8>) {
        let mut buffer = [0u8; READ_BYTES_MAX];
        let read = match &self.pty {
            Some(pty) => pty.read(&mut buffer).await,
            None => std::future::pending().await,
        };
        let now_ns = clock::mono_ns();
        let Ok(count) = read else {
            // The terminal broke by itself, which a pseudo-terminal does not do: treat it as unplugged.
            self.pty = None;
            return (now_ns, Vec::new());
        };
        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
        let heard = self.as_heard(&bytes);
        self.from_box.push(now_ns, &heard);
        (now_ns, bytes)
    }

    /// The bytes from the box whose time on the wire is over.
    pub(crate) fn take_received(&mut self, now_ns: u64) -> Vec<u8> {
        self.from_box.take_arrived(now_ns)
    }

    /// Puts bytes for the box on the wire. With the cable out they are lost.
    pub(crate) fn send(&mut self, now_ns: u64, bytes: &[u8]) {
        if self.pty.is_some() {
            self.garbled_since_mark |= !self.speeds_agree();
            let heard = self.as_heard(bytes);
            self.to_box.push(now_ns, &heard);
        }
    }

    /// Sets a mark behind everything sent so far.
    pub(crate) fn mark(&mut self, mark: M) {
        self.to_box.mark(mark);
    }

    /// Writes to the terminal what has had its time on the wire and reports the marks reached.
    pub(crate) fn deliver(&mut self) -> Vec<Delivered<M>> {
        let mono_ns = clock::mono_ns();
        let due = self.to_box.take_arrived(mono_ns);
        if let (Some(pty), false) = (&self.pty, due.is_empty()) {
            let written = pty.write_now(&due).unwrap_or(0);
            self.lost_since_mark |= written < due.len();
        }
        let mut reached = Vec::new();
        while let Some(mark) = self.to_box.take_mark() {
            let whole = !std::mem::take(&mut self.lost_since_mark);
            let garbled = std::mem::take(&mut self.garbled_since_mark);
            reached.push(Delivered {
                mark,
                mono_ns,
                whole,
                garbled,
            });
        }
        reached
    }

    /// When either direction wants to be looked at again.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        [self.from_box.next_ns(), self.to_box.next_ns()]
            .into_iter()
            .flatten()
            .min()
    }

    /// True when the box has taken every byte written so far.
    pub(crate) fn is_taken(&self) -> bool {
        self.pty.as_ref().is_some_and(|pty| pty.not_taken() == 0)
    }

    /// True when both ends have the same speed: otherwise everything heard is garbage.
    fn speeds_agree(&self) -> bool {
        let set = self.pty.as_ref().and_then(Pty::speed_set_by_box);
        !self.wrong_baud && set.is_none_or(|set| set == self.baud)
    }

    fn as_heard(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.speeds_agree() {
            return bytes.to_vec();
        }
        bytes
            .iter()
            .map(|byte| byte ^ (self.garbage.byte() | 1))
            .collect()
    }
}
