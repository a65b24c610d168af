//! Which events of the board were delivered, and which may be acknowledged. Pure.

use crate::event::{BoardReport, EventKey};
use firmware_protocol::{BoardUid, Status, event_gap};
use std::collections::VecDeque;

/// Steps from one event to another that still count as forwards.
const FORWARDS_MAX: u16 = u16::MAX / 2;

/// An event that was delivered.
#[derive(Clone, Copy, Debug)]
struct Delivered {
    seq: u16,
    written: bool,
}

/// Events of one boot session of one board.
#[derive(Debug)]
pub(crate) struct History {
    uid: BoardUid,
    boot: u32,
    /// The last event that was delivered or is known to be written; none before the first event
    /// where none is known to be written.
    through: Option<u16>,
    /// An event was delivered: from there on a gap in the numbers tells what was lost.
    delivers: bool,
    /// The board's count of lost events as far as it was told without a number to follow.
    lost_told: u16,
    acknowledged: u16,
    unacknowledged: VecDeque<Delivered>,
}

/// What a status brought.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Events that the board dropped before they could be delivered.
    pub(crate) lost: u16,
    /// New events, oldest first.
    pub(crate) reports: Vec<BoardReport>,
}

impl History {
    /// A session that begins for this driver; `written` is the last event known from before.
    pub(crate) fn new(uid: BoardUid, boot: u32, written: Option<EventKey>) -> Self {
        let written = written
            .filter(|key| key.uid == uid && key.boot == boot)
            .map(|key| key.seq);
        Self {
            uid,
            boot,
            through: written,
            delivers: false,
            lost_told: 0,
            acknowledged: written.unwrap_or(0),
            unacknowledged: VecDeque::new(),
        }
    }

    /// Whether this is the history of that session.
    pub(crate) fn is_of(&self, uid: BoardUid, boot: u32) -> bool {
        self.uid == uid && self.boot == boot
    }

    /// The boot session.
    pub(crate) fn boot(&self) -> u32 {
        self.boot
    }

    /// The number to acknowledge in the next poll; 0 for none.
    pub(crate) fn acknowledged(&self) -> u16 {
        self.acknowledged
    }

    /// Takes the events of a status that were not delivered before.
    pub(crate) fn take(&mut self, status: &Status) -> News {
        let mut news = News::default();
        if self.through.is_none() {
            news.lost = status.lost_events.saturating_sub(self.lost_told);
            self.lost_told = status.lost_events;
        }
        for event in &status.events {
            let steps = match self.through {
                Some(through) => event_gap(through, event.seq),
                None => 1,
            };
            if steps == 0 || steps > FORWARDS_MAX {
                continue;
            }
            // Cards and keys behind a mark were acknowledged and are in no record.
            let between = if self.delivers {
                steps - 1
            } else {
                (steps - 1).min(status.lost_events)
            };
            news.lost = news.lost.saturating_add(between);
            self.delivers = true;
            self.through = Some(event.seq);
            self.unacknowledged.push_back(Delivered {
                seq: event.seq,
                written: false,
            });
            news.reports.push(BoardReport {
                key: EventKey {
                    uid: self.uid,
                    boot: self.boot,
                    seq: event.seq,
                },
                age_ms: status.uptime_ms.wrapping_sub(event.uptime_ms),
                kind: event.kind,
            });
        }
        news
    }

    /// Notes that an event is written down.
    pub(crate) fn written(&mut self, key: EventKey) {
        if !self.is_of(key.uid, key.boot) {
            return;
        }
        for delivered in &mut self.unacknowledged {
            delivered.written |= delivered.seq == key.seq;
        }
        while let Some(first) = self.unacknowledged.pop_front_if(|first| first.written) {
            self.acknowledged = first.seq;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::History;
    use crate::event::EventKey;
    use firmware_protocol::{BoardUid, Event, EventKind, GateState, Inputs, Status};

    const UID: BoardUid = BoardUid([7; 8]);

    fn key(boot: u32, seq: u16) -> EventKey {
        EventKey {
            uid: UID,
            boot,
            seq,
        }
    }

    fn status(lost_events: u16, seqs: &[u16]) -> Status {
        Status {
            uptime_ms: 1000,
            state: GateState::Closed,
            inputs: Inputs(0),
            pending: 0,
            lost_events,
            bad_frames: 0,
            events: seqs
                .iter()
                .map(|&seq| Event {
                    seq,
                    uptime_ms: 400,
                    kind: EventKind::Held,
                })
                .collect(),
        }
    }

    fn seqs(history: &mut History, lost_events: u16, seqs: &[u16]) -> (u16, Vec<u16>) {
        let news = history.take(&status(lost_events, seqs));
        (
            news.lost,
            news.reports.iter().map(|report| report.key.seq).collect(),
        )
    }

    #[test]
    fn an_event_is_delivered_once_with_its_age() {
        let mut history = History::new(UID, 5, None);
        let news = history.take(&status(0, &[1, 2]));
        assert_eq!(news.reports[0].key, key(5, 1));
        assert_eq!(news.reports[0].age_ms, 600);
        assert_eq!(seqs(&mut history, 0, &[1, 2, 3]), (0, vec![3]));
        assert_eq!(seqs(&mut history, 0, &[1, 2, 3]), (0, vec![]));
    }

    #[test]
    fn only_a_run_without_a_hole_is_acknowledged() {
        let mut history = History::new(UID, 5, None);
        history.take(&status(0, &[1, 2, 3]));
        history.written(key(5, 2));
        assert_eq!(history.acknowledged(), 0);
        history.written(key(4, 1));
        assert_eq!(history.acknowledged(), 0);
        history.written(key(5, 1));
        assert_eq!(history.acknowledged(), 2);
        history.written(key(5, 3));
        assert_eq!(history.acknowledged(), 3);
    }

    #[test]
    fn what_was_written_before_is_not_delivered_again() {
        let mut history = History::new(UID, 5, Some(key(5, 40)));
        assert_eq!(history.acknowledged(), 40);
        assert_eq!(seqs(&mut history, 9, &[39, 40, 41]), (0, vec![41]));
        let mut other_session = History::new(UID, 6, Some(key(5, 40)));
        assert_eq!(other_session.acknowledged(), 0);
        assert_eq!(seqs(&mut other_session, 0, &[1]), (0, vec![1]));
    }

    #[test]
    fn losses_are_counted_once() {
        let mut history = History::new(UID, 5, None);
        assert_eq!(seqs(&mut history, 3, &[4, 5]), (3, vec![4, 5]));
        assert_eq!(seqs(&mut history, 3, &[4, 5]), (0, vec![]));
        assert_eq!(seqs(&mut history, 7, &[10, 11]), (4, vec![10, 11]));
        assert_eq!(seqs(&mut history, 7, &[14]), (2, vec![14]));
        let mut known = History::new(UID, 5, Some(key(5, 65_534)));
        assert_eq!(seqs(&mut known, 2, &[2, 3]), (2, vec![2, 3]));
    }

    #[test]
    fn a_session_that_is_met_in_its_middle_with_nothing_waiting_goes_on() {
        for first in [500, 40_000] {
            let mut history = History::new(UID, 5, None);
            assert_eq!(seqs(&mut history, 0, &[]), (0, vec![]));
            assert_eq!(seqs(&mut history, 0, &[first]), (0, vec![first]));
        }
        let mut history = History::new(UID, 5, None);
        assert_eq!(seqs(&mut history, 3, &[]), (3, vec![]));
        assert_eq!(seqs(&mut history, 3, &[]), (0, vec![]));
        assert_eq!(seqs(&mut history, 5, &[500, 501]), (2, vec![500, 501]));
        assert_eq!(seqs(&mut history, 6, &[503]), (1, vec![503]));
    }

    #[test]
    fn cards_that_were_acknowledged_before_are_not_lost() {
        let mut history = History::new(UID, 5, Some(key(5, 40)));
        assert_eq!(seqs(&mut history, 0, &[46]), (0, vec![46]));
        assert_eq!(seqs(&mut history, 1, &[48]), (1, vec![48]));
        let mut history = History::new(UID, 5, Some(key(5, 40)));
        assert_eq!(seqs(&mut history, 2, &[46]), (2, vec![46]));
    }
}
