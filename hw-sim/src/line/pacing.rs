//! One direction of a serial line, without input or output: bytes go in at once and come out at line speed.

use std::collections::VecDeque;

/// 8N1: a start bit, eight data bits, a stop bit.
const BITS_PER_BYTE: u64 = 10;
const NS_PER_S: u64 = 1_000_000_000;
/// Bytes are handed over in bunches of about this time, so that a fast line does not burn a core.
const BUNCH_NS: u64 = 1_000_000;

/// Bytes on their way, and marks that are reached when the byte before them has arrived.
///
/// Time comes in as nanoseconds of one clock that does not fall.
#[derive(Debug)]
pub(super) struct PacedLine<M> {
    byte_ns: u64,
    queue: VecDeque<u8>,
    /// When the byte at the front began to be sent.
    front_start_ns: u64,
    pushed: u64,
    arrived: u64,
    marks: VecDeque<(u64, M)>,
}

impl<M> PacedLine<M> {
    /// An idle line of this speed in bits a second (at least 1).
    pub(super) fn new(baud: u32) -> Self {
        Self {
            byte_ns: byte_ns(baud),
            queue: VecDeque::new(),
            front_start_ns: 0,
            pushed: 0,
            arrived: 0,
            marks: VecDeque::new(),
        }
    }

    /// Changes the speed for everything that has not arrived yet.
    pub(super) fn set_baud(&mut self, baud: u32) {
        self.byte_ns = byte_ns(baud);
    }

    /// Puts bytes on the line, behind those already on it.
    pub(super) fn push(&mut self, now_ns: u64, bytes: &[u8]) {
        if self.queue.is_empty() {
            self.front_start_ns = self.front_start_ns.max(now_ns);
        }
        self.queue.extend(bytes);
        self.pushed = self
            .pushed
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
    }

    /// Sets a mark behind the last byte pushed so far.
    pub(super) fn mark(&mut self, mark: M) {
        self.marks.push_back((self.pushed, mark));
    }

    /// Takes the bytes whose stop bit has passed by `now_ns`.
    pub(super) fn take_arrived(&mut self, now_ns: u64) -> Vec<u8> {
        let elapsed = now_ns.saturating_sub(self.front_start_ns);
        let whole = elapsed.checked_div(self.byte_ns).unwrap_or(u64::MAX);
        let count = usize::try_from(whole)
            .unwrap_or(usize::MAX)
            .min(self.queue.len());
        let taken = u64::try_from(count).unwrap_or(0);
        self.front_start_ns = self
            .front_start_ns
            .saturating_add(taken.saturating_mul(self.byte_ns));
        self.arrived = self.arrived.saturating_add(taken);
        self.queue.drain(..count).collect()
    }

    /// The next mark that the bytes taken so far have reached.
    pub(super) fn take_mark(&mut self) -> Option<M> {
        let reached = self
            .marks
            .front()
            .is_some_and(|(at, _)| *at <= self.arrived);
        if reached {
            self.marks.pop_front().map(|(_, mark)| mark)
        } else {
            None
        }
    }

    /// When it is worth looking again: about a millisecond of bytes, or the last byte if that is sooner.
    pub(super) fn next_ns(&self) -> Option<u64> {
        let waiting = u64::try_from(self.queue.len())
            .ok()
            .filter(|waiting| *waiting > 0)?;
        let bunch = BUNCH_NS
            .checked_div(self.byte_ns)
            .unwrap_or(u64::MAX)
            .max(1)
            .min(waiting);
        Some(
            self.front_start_ns
                .saturating_add(bunch.saturating_mul(self.byte_ns)),
        )
    }

    /// Loses what is on its way (the cable was pulled) and gives back the marks never reached.
    pub(super) fn cut(&mut self) -> Vec<M> {
        self.queue.clear();
        self.arrived = self.pushed;
        self.marks.drain(..).map(|(_, mark)| mark).collect()
    }
}

fn byte_ns(baud: u32) -> u64 {
    BITS_PER_BYTE
        .saturating_mul(NS_PER_S)
        .checked_div(u64::from(baud))
        .unwrap_or(NS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::PacedLine;

    /// Runs the line to its end, looking only when it asks to be looked at.
    fn arrival_of_last_ns(baud: u32, bytes: usize) -> (u64, u32, Vec<u8>) {
        let mut line = PacedLine::<()>::new(baud);
        let sent: Vec<u8> = (0..bytes).map(|n| u8::try_from(n % 251).unwrap()).collect();
        line.push(1_000, &sent);
        let (mut got, mut looks, mut now) = (Vec::new(), 0, 1_000);
        while let Some(next) = line.next_ns() {
            now = next;
            looks += 1;
            got.extend(line.take_arrived(now));
        }
        assert_eq!(got, sent);
        (now - 1_000, looks, got)
    }

    #[test]
    fn the_base_read_reply_takes_its_known_wire_time() {
        // 1295 bytes: 112 ms at 115200, 225 ms at 57600, 1349 ms at 9600.
        for (baud, expected_ms) in [(115_200, 112), (57_600, 225), (9_600, 1_349)] {
            let (taken_ns, ..) = arrival_of_last_ns(baud, 1_295);
            assert!(
                taken_ns.abs_diff(expected_ms * 1_000_000) < 1_000_000,
                "{baud}: {taken_ns}"
            );
        }
    }

    #[test]
    fn a_fast_line_is_looked_at_about_once_a_millisecond() {
        let (taken_ns, looks, _) = arrival_of_last_ns(460_800, 4_608);
        assert!(
            u64::from(looks) <= taken_ns / 900_000 + 2,
            "{looks} looks in {taken_ns} ns"
        );
    }

    #[test]
    fn nothing_arrives_before_its_stop_bit() {
        let mut line = PacedLine::<()>::new(10_000); // 1 ms a byte
        line.push(0, &[1, 2]);
        assert_eq!(line.take_arrived(999_999), Vec::<u8>::new());
        assert_eq!(line.take_arrived(1_000_000), vec![1]);
        line.push(1_500_000, &[3]);
        assert_eq!(line.take_arrived(3_000_000), vec![2, 3]);
        line.push(9_000_000, &[4]);
        assert_eq!(line.take_arrived(9_999_999), Vec::<u8>::new());
        assert_eq!(line.take_arrived(10_000_000), vec![4]);
    }

    #[test]
    fn a_mark_is_reached_with_the_byte_before_it_and_lost_with_the_cable() {
        let mut line = PacedLine::new(10_000);
        line.push(0, &[1, 2]);
        line.mark("first");
        line.push(0, &[3]);
        line.mark("second");
        line.take_arrived(1_000_000);
        assert_eq!(line.take_mark(), None);
        line.take_arrived(2_000_000);
        assert_eq!(line.take_mark(), Some("first"));
        assert_eq!(line.take_mark(), None);
        assert_eq!(line.cut(), vec!["second"]);
        assert_eq!(line.take_mark(), None);
        assert_eq!(line.next_ns(), None);
    }
}
