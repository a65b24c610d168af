//! Where the city has something else: looking for the last common record, and what comes after it.

use sync_wire::ack::Compared;

use super::desk::{Desk, Phase};
use super::talk::Course;
use crate::action::{Action, Alarm};
use crate::input::{Now, OurHashes};
use crate::link::Refusal;
use crate::search::Search;

#[expect(
    clippy::multiple_inherent_impl,
    reason = "one conversation, read in the order of its files"
)]
impl Course {
    /// The city holds something else. Where that would be another epoch, so soon after the last that
    /// the city may have lost its mind, it has to wait.
    pub(super) fn fork_found(&mut self, desk: &mut Desk, now: Now, search: Search) {
        if self.closed || desk.may_begin_epoch(now, &self.epoch) {
            self.search = Some(search);
            self.ask(desk, now, 0);
            return;
        }
        self.wait_forked(desk, now);
    }

    pub(super) fn wait_forked(&mut self, desk: &Desk, now: Now) {
        self.hellos.clear();
        let next_at_ms = now.mono_ms.saturating_add(desk.settings.hello_ms_max);
        self.phase = Phase::Forked { next_at_ms };
    }

    /// Wants the box's own hashes at the next marks; without marks, the place is found.
    pub(super) fn ask(&mut self, desk: &mut Desk, now: Now, tries: u32) {
        let Some(search) = &mut self.search else {
            self.greet(desk, now);
            return;
        };
        let seqs = search.marks().to_vec();
        if seqs.is_empty() {
            self.place_found(desk, now);
            return;
        }
        let next_at_ms = desk.question_at_ms(now, tries);
        self.phase = Phase::Comparing { next_at_ms, tries };
        desk.actions.push_back(Action::Hashes {
            epoch: self.epoch.clone(),
            seqs,
        });
    }

    /// The box's own hashes at the marks.
    pub(crate) fn compare(&mut self, desk: &mut Desk, now: Now, ours: &OurHashes) {
        let (Phase::Comparing { .. }, Some(search)) = (self.phase, &mut self.search) else {
            return;
        };
        let Some(marks) = search.with_hashes(ours) else {
            let from = self.uplink.through();
            desk.actions
                .push_back(Action::Alarm(Alarm::LedgerUnreadable { from }));
            return;
        };
        let compare = desk.voice.compare(now, &self.epoch, marks);
        self.asked = desk.voice.number;
        desk.actions.extend(compare);
    }

    pub(super) fn compared(&mut self, desk: &mut Desk, now: Now, compared: Compared) {
        let (Phase::Comparing { .. }, Some(search)) = (self.phase, &mut self.search) else {
            return;
        };
        if compared.number != self.asked {
            return;
        }
        if search.answer(compared.same) {
            self.ask(desk, now, 0);
        } else {
            desk.refuse(Refusal::NoSense);
            self.greet(desk, now);
        }
    }

    /// What comes after the common record is carried over. An older epoch of which the city merely
    /// has more goes on like any other.
    fn place_found(&mut self, desk: &mut Desk, now: Now) {
        let Some(search) = self.search.take() else {
            return;
        };
        let (common, held) = search.result();
        let last = self.uplink.last();
        if self.closed && common == last {
            self.uplink.rewind();
            self.uplink.set_cursor(0, &held);
            self.phase = Phase::Flowing;
            self.save_cursor(desk);
            return;
        }
        desk.carry_over(
            now,
            (&self.epoch, self.closed),
            common,
            Alarm::Forked {
                epoch: self.epoch.clone(),
                common,
                city_through: self.city_through,
                our_last: last,
            },
        );
        self.wait_forked(desk, now);
    }
}
