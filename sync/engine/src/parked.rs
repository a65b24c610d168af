//! Asking which records are parked at the city. It names at most a hundred at a time, oldest first, so
//! the box asks on after the last of them; and it asks again once in a while, because a record that is
//! parked no longer is told by its absence.

use std::collections::BTreeMap;

use sync_wire::ParkCode;
use sync_wire::ack::{PARKED_MAX, PARKED_MESSAGE_CHARS_MAX, Parked};

/// Pages asked for in a row; what is parked beyond is told when some of it is settled.
const PAGES_MAX: u32 = 100;

/// What an acknowledgement says about parked records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Those that it names, by number.
    pub(crate) named: Vec<Parked>,
    /// Of these numbers nothing else is parked.
    pub(crate) nothing_else_in: Option<(u64, u64)>,
}

/// The conversation about parked records of an epoch.
#[derive(Debug, Default)]
pub(crate) struct ParkedTalk {
    /// Something was named.
    any: bool,
    /// Number of the question on its way, and after which record it asks.
    asked: Option<(u64, u64)>,
    /// After which record the next question asks, where one is due at once.
    next_after: Option<u64>,
    pages: u32,
    /// When the whole list is asked for again, monotonic ms.
    again_at_ms: Option<u64>,
}

impl ParkedTalk {
    /// The connection is gone: what was asked is not answered.
    pub(crate) fn fall_silent(&mut self) {
        (self.asked, self.next_after, self.pages) = (None, None, 0);
    }

    /// When the whole list is asked for again, monotonic ms.
    pub(crate) fn again_at_ms(&self) -> Option<u64> {
        self.again_at_ms
    }

    /// After which record to ask now, if at all.
    pub(crate) fn due(&self, now_ms: u64) -> Option<u64> {
        let again = self.again_at_ms.filter(|at| *at <= now_ms);
        self.next_after.or(again.map(|_| 0))
    }

    /// The question with this number asks what is parked after that record.
    pub(crate) fn ask(&mut self, number: u64, after: u64, again_at_ms: u64) {
        (self.asked, self.next_after) = (Some((number, after)), None);
        self.pages = if after == 0 { 0 } else { self.pages };
        self.again_at_ms = Some(again_at_ms);
    }

    /// What an acknowledgement names, by number; `hello`: it is the answer to this one.
    pub(crate) fn hear(
        &mut self,
        hello: Option<u64>,
        named: Vec<Parked>,
        again_at_ms: u64,
    ) -> Option<Told> {
        match hello {
            Some(number) => Some(self.list(number, named, again_at_ms)),
            None => self.news(named, again_at_ms),
        }
    }

    /// What a plain acknowledgement names is newly parked.
    fn news(&mut self, named: Vec<Parked>, again_at_ms: u64) -> Option<Told> {
        if named.is_empty() {
            return None;
        }
        self.any = true;
        self.again_at_ms.get_or_insert(again_at_ms);
        if named.len() >= PARKED_MAX {
            // There may be more than it could name.
            self.again_at_ms = Some(self.again_at_ms.unwrap_or(again_at_ms).min(again_at_ms));
        }
        Some(Told {
            named,
            nothing_else_in: None,
        })
    }

    /// What the answer to a hello names is all there is after the record that the hello asked about, up
    /// to its last where it is full.
    fn list(&mut self, hello: u64, named: Vec<Parked>, again_at_ms: u64) -> Told {
        let after = match self.asked {
            Some((number, after)) if number == hello => {
                self.asked = None;
                after
            }
            Some(_) | None => 0,
        };
        let first = named.first().map_or(u64::MAX, |parked| parked.seq);
        let last = named.last().map_or(0, |parked| parked.seq);
        self.any = after > 0 && self.any || !named.is_empty();
        self.again_at_ms = self.any.then_some(again_at_ms);
        // A city that knows no such question begins from the first again.
        let is_page = first > after;
        let is_full = named.len() >= PARKED_MAX;
        if is_page && is_full && self.pages < PAGES_MAX {
            self.pages = self.pages.saturating_add(1);
            self.next_after = Some(last);
        }
        let to = if is_full { last } else { u64::MAX };
        Told {
            named,
            nothing_else_in: is_page.then_some((after.saturating_add(1), to)),
        }
    }
}

/// What a list names, by number, with messages that can be shown: none is longer than allowed, and none
/// has a control character. The second part is false where it names what the epoch does not have.
pub(crate) fn tidy(named: &[Parked], last: u64) -> (Vec<Parked>, bool) {
    let known = |parked: &&Parked| (1..=last).contains(&parked.seq);
    let by_seq: BTreeMap<u64, Parked> = named
        .iter()
        .filter(known)
        .map(|parked| (parked.seq, shown(parked)))
        .collect();
    let is_sound = named.iter().all(|parked| known(&parked));
    (by_seq.into_values().collect(), is_sound)
}

fn shown(parked: &Parked) -> Parked {
    let plain = parked.message.chars().filter(|one| !one.is_control());
    let message: String = plain.take(PARKED_MESSAGE_CHARS_MAX).collect();
    let is_empty = message.trim().is_empty();
    Parked {
        seq: parked.seq,
        code: parked.code,
        message: if is_empty {
            ParkCode::text(parked.code).to_owned()
        } else {
            message
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(seq: u64, message: &str) -> Parked {
        Parked {
            seq,
            code: ParkCode::BadField,
            message: message.to_owned(),
        }
    }

    fn list(seqs: std::ops::RangeInclusive<u64>) -> Vec<Parked> {
        seqs.map(|seq| parked(seq, "缺内容")).collect()
    }

    #[test]
    fn a_full_list_is_asked_on_after_its_last() {
        let mut talk = ParkedTalk::default();
        let told = talk.list(7, list(1..=100), 9_000);
        assert_eq!(told.nothing_else_in, Some((1, 100)));
        assert_eq!(talk.due(0), Some(100));
        talk.ask(8, 100, 9_500);
        let told = talk.list(8, list(300..=320), 9_900);
        assert_eq!(told.nothing_else_in, Some((101, u64::MAX)));
        assert_eq!((talk.due(9_899), talk.due(9_900)), (None, Some(0)));
        // Once nothing is parked any more, nobody asks again.
        talk.ask(9, 0, 19_000);
        let told = talk.list(9, Vec::new(), 19_000);
        assert_eq!(told.nothing_else_in, Some((1, u64::MAX)));
        assert_eq!((talk.due(u64::MAX), talk.again_at_ms()), (None, None));
    }

    #[test]
    fn a_city_that_always_begins_anew_is_not_asked_on() {
        let mut talk = ParkedTalk::default();
        talk.list(7, list(1..=100), 9_000);
        talk.ask(8, 100, 9_000);
        let told = talk.list(8, list(1..=100), 9_000);
        assert_eq!((told.nothing_else_in, talk.due(0)), (None, None));
        assert_eq!(talk.due(9_000), Some(0), "but once in a while");
    }

    #[test]
    fn what_cannot_be_shown_is_cut_and_what_cannot_be_is_left_out() {
        let long = "长".repeat(300);
        let named = [
            parked(9, "\u{1b}[2J缺内容\u{7}"),
            parked(3, &long),
            parked(4, " \n"),
            parked(0, "x"),
            parked(11, "x"),
        ];
        let (tidied, is_sound) = tidy(&named, 10);
        let seqs: Vec<u64> = tidied.iter().map(|one| one.seq).collect();
        assert_eq!((seqs, is_sound), (vec![3, 4, 9], false));
        assert_eq!(tidied[0].message.chars().count(), PARKED_MESSAGE_CHARS_MAX);
        assert_eq!(tidied[1].message, ParkCode::BadField.text());
        assert_eq!(tidied[2].message, "[2J缺内容");
    }
}
