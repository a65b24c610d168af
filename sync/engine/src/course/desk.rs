//! What all conversations share, and how far one of them is.

use std::collections::VecDeque;

use sync_wire::Hash;
use sync_wire::message::{MESSAGE_BYTES_MAX, Tier};

use crate::action::{Action, Alarm, Fork};
use crate::backoff::ForkGuard;
use crate::input::{LedgerRecord, Now};
use crate::link::Refusal;
use crate::meter::{Meter, Trip};
use crate::pace::Pace;
use crate::pack::{Packed, pack};
use crate::parked::Told;
use crate::settings::Settings;
use crate::uplink::Uplink;
use crate::voice::Voice;

/// How far the conversation about an epoch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is said.
    Quiet,
    /// The city has not said yet what it has.
    Greeting { next_at_ms: u64, tries: u32 },
    /// The cursor is the city's; records flow.
    Flowing,
    /// Looking for the last common record.
    Comparing { next_at_ms: u64, tries: u32 },
    /// Waiting for a new epoch.
    Forked { next_at_ms: u64 },
}

/// What all conversations share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) voice: Voice,
    pub(crate) settings: Settings,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) pace: Pace,
    /// When the next epoch may begin because of a fork.
    pub(crate) guard: ForkGuard,
    /// How long the way is, and how much it carries.
    pub(crate) meter: Meter,
    /// Number of the first question of the present connection.
    pub(crate) connection_from: u64,
    /// Acknowledgements that were refused.
    pub(crate) refused: u64,
    pub(crate) last_refusal: Option<Refusal>,
    /// The city was found to have less than it had acknowledged; reset by whoever looks.
    pub(crate) city_went_back: bool,
}

impl Desk {
    /// Whether a question with this number was asked on this connection. One that was never asked is
    /// refused; an answer from before this connection is merely late.
    pub(super) fn was_asked(&mut self, number: u64) -> bool {
        if number > self.voice.number {
            self.refuse(Refusal::NoSense);
        }
        (self.connection_from..=self.voice.number).contains(&number)
    }

    /// Most messages of a tier without an answer.
    pub(super) fn window(&self, tier: Tier, closed: bool) -> usize {
        match tier {
            Tier::Live => self.settings.live_window,
            Tier::Bulk if closed => self.settings.older_window,
            Tier::Bulk => self.settings.bulk_window,
        }
    }

    /// Packs records for the line as it is; `None` where they are not as they should be.
    pub(super) fn pack(
        &self,
        now: Now,
        (epoch, tier): (&str, Tier),
        records: (Hash, Vec<LedgerRecord>),
    ) -> Option<Packed> {
        let bytes_max = match tier {
            Tier::Live => MESSAGE_BYTES_MAX,
            Tier::Bulk => self.meter.piece(&self.settings),
        };
        let about = (&self.voice.identity, &self.settings, now);
        pack(about, (epoch, tier), records, bytes_max).ok()
    }

    /// What is known of a message that goes out now.
    pub(super) fn departs(
        &mut self,
        now: Now,
        (tier, closed): (Tier, bool),
        uplink: &Uplink,
        (from, packed): (u64, &Packed),
    ) -> Trip {
        let bytes = u64::try_from(packed.payload.len()).unwrap_or(u64::MAX);
        let (count, on_the_way) = uplink.on_the_way(tier);
        let fills_room = on_the_way.saturating_add(bytes) >= self.meter.room(&self.settings);
        let fills_window = count + 1 >= self.window(tier, closed);
        let is_full = tier == Tier::Bulk && (fills_room || fills_window);
        let is_again = uplink.went_out_before(from);
        let sent = (bytes, now.mono_ms);
        let is_alone = !uplink.is_waiting();
        self.meter.departs(sent, is_alone, (is_full, is_again))
    }

    pub(super) fn save_cursor(&mut self, epoch: &str, uplink: &Uplink) {
        self.actions.push_back(Action::SaveCursor {
            epoch: epoch.to_owned(),
            through: uplink.through(),
            ranges: uplink.ranges(),
        });
    }

    pub(super) fn keep_parked(&mut self, epoch: &str, told: Option<Told>) {
        if let Some(told) = told {
            self.actions.push_back(Action::SaveParked {
                epoch: epoch.to_owned(),
                parked: told.named,
                nothing_else_in: told.nothing_else_in,
            });
        }
    }

    /// When an answer is overdue: any, after the last sign that something arrives, and that to the
    /// oldest message.
    pub(super) fn overdue_at_ms(&self, progress_at_ms: u64, oldest_at_ms: u64) -> u64 {
        let patience_ms = self.meter.patience_ms(&self.settings);
        let of_one = patience_ms.saturating_mul(2);
        let of_one = of_one.max(self.settings.message_patience_ms);
        let silence = progress_at_ms.saturating_add(patience_ms);
        silence.min(oldest_at_ms.saturating_add(of_one))
    }

    /// Whether another epoch may begin because this one forked. Where it is so soon after the last
    /// that the city may have lost its mind, it has to wait, and somebody must know.
    pub(super) fn may_begin_epoch(&mut self, now: Now, epoch: &str) -> bool {
        let Some(left_ms) = self.guard.left_ms(now.mono_ms) else {
            return true;
        };
        if self.guard.tell() {
            let epoch = epoch.to_owned();
            let alarm = Alarm::ForksTooOften { epoch, left_ms };
            self.actions.push_back(Action::Alarm(alarm));
        }
        false
    }

    /// What follows the common record is to be carried over.
    pub(super) fn carry_over(
        &mut self,
        now: Now,
        (epoch, closed): (&str, bool),
        common: u64,
        alarm: Alarm,
    ) {
        self.actions.push_back(Action::Alarm(alarm));
        let first_ms = self.settings.fork_pause_ms;
        let pause_ms = if closed {
            0
        } else {
            self.guard.grant(first_ms, now.mono_ms)
        };
        self.actions.push_back(Action::CarryOver(Fork {
            epoch: epoch.to_owned(),
            common,
            pause_ms,
        }));
    }

    /// When a question is repeated that is asked now, for the `tries`-th time after the first.
    pub(super) fn question_at_ms(&self, now: Now, tries: u32) -> u64 {
        let wait_ms = self.meter.question_ms(&self.settings, tries);
        now.mono_ms.saturating_add(wait_ms)
    }

    pub(crate) fn refuse(&mut self, why: Refusal) {
        self.refused = self.refused.saturating_add(1);
        self.last_refusal = Some(why);
    }
}
