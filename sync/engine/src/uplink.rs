//! Which records are acknowledged, on their way, or next.

use sync_wire::message::Tier;

use crate::meter::Trip;
use crate::ranges::RangeSet;
use crate::reads::Reads;
use crate::settings::Settings;

/// A message on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    /// How many went out before it.
    place: u64,
    tier: Tier,
    from: u64,
    to: u64,
    trip: Trip,
}

/// Records that are being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    tier: Tier,
    from: u64,
    to: u64,
}

/// Book-keeping over record numbers.
#[derive(Debug, Clone)]
pub struct Uplink {
    last: u64,
    through: u64,
    /// Acknowledged beyond `through`.
    acked: RangeSet,
    sent: Vec<Sent>,
    /// Messages that went out.
    departed: u64,
    /// At most one read per tier.
    reading: Vec<Reading>,
    /// What the ledger gives, and what it does not.
    pub(crate) reads: Reads,
    /// Records above this are fresh and go by the live tier, also when they go out again.
    fresh_after: u64,
    /// Records up to this went out before the last rewind: what is said of them may be meant for then.
    sent_before: u64,
    /// Messages that arrived and were not asked for yet.
    arrived: Vec<Trip>,
}

impl Uplink {
    /// Starts at what the ledger says.
    pub fn new(last: u64, through: u64, ranges: &[(u64, u64)]) -> Self {
        let mut uplink = Self {
            last,
            through: 0,
            acked: RangeSet::default(),
            sent: Vec::new(),
            departed: 0,
            reading: Vec::new(),
            reads: Reads::default(),
            fresh_after: last,
            sent_before: 0,
            arrived: Vec::new(),
        };
        uplink.set_cursor(through.min(last), ranges);
        uplink
    }

    /// Last record of the ledger.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Acknowledged without a hole.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Acknowledged beyond [`Uplink::through`].
    pub fn ranges(&self) -> Vec<(u64, u64)> {
        self.acked.pairs()
    }

    /// Records that are not acknowledged.
    pub fn backlog(&self) -> u64 {
        self.last
            .saturating_sub(self.through)
            .saturating_sub(self.acked.count())
    }

    /// Whether any message waits for its acknowledgement.
    pub fn is_waiting(&self) -> bool {
        !self.sent.is_empty()
    }

    /// When the oldest message on its way was sent, monotonic ms.
    pub fn oldest_sent_at_ms(&self) -> Option<u64> {
        self.sent.iter().map(|sent| sent.trip.at_ms).min()
    }

    /// Messages of a tier that are on their way: how many, and their bytes.
    pub fn on_the_way(&self, tier: Tier) -> (usize, u64) {
        let of_tier = self.sent.iter().filter(|sent| sent.tier == tier);
        of_tier.fold((0, 0), |(count, bytes), sent| {
            (count + 1, bytes + sent.trip.bytes)
        })
    }

    /// Messages that went out so far.
    pub(crate) fn departed(&self) -> u64 {
        self.departed
    }

    /// How many of the first so many messages are on their way.
    pub(crate) fn on_the_way_of(&self, first: u64) -> usize {
        self.sent.iter().filter(|sent| sent.place < first).count()
    }

    /// Nothing is on its way or being read, and there is nothing to send that can be read.
    pub(crate) fn is_idle(&self) -> bool {
        let moves = self.is_waiting() || !self.reading.is_empty();
        !moves && !self.has_backlog_to_send()
    }

    /// Whether a record went out before what is on its way was forgotten.
    pub(crate) fn went_out_before(&self, seq: u64) -> bool {
        seq <= self.sent_before
    }

    /// The messages that arrived since this was asked last.
    pub(crate) fn take_arrived(&mut self) -> Vec<Trip> {
        std::mem::take(&mut self.arrived)
    }

    /// The ledger has grown.
    pub fn grow(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    /// Forgets what is on its way: it may be lost. What was fresh stays so.
    pub fn rewind(&mut self) {
        let sent = self.sent.iter().map(|sent| sent.to);
        self.sent_before = sent.max().unwrap_or(0).max(self.sent_before);
        self.arrived.clear();
        self.sent.clear();
        self.reading.clear();
    }

    /// The cursor as the city has it, forwards or backwards.
    pub fn set_cursor(&mut self, through: u64, ranges: &[(u64, u64)]) {
        self.through = through;
        self.acked = RangeSet::from_pairs(ranges);
        self.settle();
    }

    /// The city has everything through here. Gives whether that is news.
    pub fn acknowledge_through(&mut self, through: u64) -> bool {
        if through <= self.through {
            return false;
        }
        self.through = through;
        self.settle();
        true
    }

    /// The city has these, whatever is missing before them. Gives whether that is news.
    pub fn acknowledge_range(&mut self, from: u64, to: u64) -> bool {
        let from = from.max(self.through.saturating_add(1));
        if to < from || to > self.last || self.acked.covers(from, to) {
            return false;
        }
        self.acked.insert(from, to);
        self.reads.forget(from, to);
        self.settle();
        true
    }

    fn settle(&mut self) {
        self.acked.remove(0, self.through);
        self.reads.forget(0, self.through);
        if let Some(end) = self.acked.take_from(self.through.saturating_add(1)) {
            self.through = end;
        }
        let (through, acked, arrived) = (self.through, &self.acked, &mut self.arrived);
        self.sent.retain(|sent| {
            let from = sent.from.max(through.saturating_add(1));
            let waits = sent.to > through && !acked.covers(from, sent.to);
            if !waits {
                arrived.push(sent.trip);
            }
            waits
        });
    }

    /// The next records to read for a tier, first and count; marks them as being read.
    pub fn next_read(
        &mut self,
        tier: Tier,
        window: usize,
        settings: &Settings,
    ) -> Option<(u64, u64)> {
        if self.reading.iter().any(|read| read.tier == tier) {
            return None;
        }
        if self.on_the_way(tier).0 >= window {
            return None;
        }
        let busy = self.busy();
        self.shed(&busy, settings);
        let low = self.through.saturating_add(1);
        let (from, to) = match tier {
            Tier::Live => {
                let (from, to) = busy.last_gap(low.max(self.fresh_after + 1), self.last)?;
                let most = self.reads.most(tier, settings.live_records_max);
                (from.max((to + 1).saturating_sub(most)), to)
            }
            Tier::Bulk => {
                let (from, to) = busy.first_gap(low, self.last.min(self.fresh_after))?;
                let most = self.reads.most(tier, settings.bulk_records_max);
                (from, to.min(from.saturating_add(most - 1)))
            }
        };
        self.reading.push(Reading { tier, from, to });
        Some((from, to - from + 1))
    }

    /// Whether the backlog has records that are neither acknowledged nor on their way.
    pub fn has_backlog_to_send(&self) -> bool {
        let high = self.last.min(self.fresh_after);
        self.busy()
            .first_gap(self.through.saturating_add(1), high)
            .is_some()
    }

    fn busy(&self) -> RangeSet {
        let mut busy = self.acked.clone();
        for sent in &self.sent {
            busy.insert(sent.from, sent.to);
        }
        for read in &self.reading {
            busy.insert(read.from, read.to);
        }
        for (from, to) in self.reads.left_out() {
            busy.insert(from, to);
        }
        busy
    }

    /// With too many fresh records unsent, the older of them become backlog.
    fn shed(&mut self, busy: &RangeSet, settings: &Settings) {
        let mut unsent = 0;
        let low = self.through.max(self.fresh_after).saturating_add(1);
        let mut high = self.last;
        while let Some((from, to)) = busy.last_gap(low, high) {
            unsent += to - from + 1;
            if unsent > settings.live_queue_max {
                self.fresh_after = to.saturating_sub(settings.live_records_max);
                return;
            }
            high = from.saturating_sub(1);
        }
    }

    /// The read of a tier is over. Gives first and last of what it was to read; `None` where it was
    /// not wanted any more.
    pub fn finish_read(&mut self, tier: Tier, from: u64) -> Option<(u64, u64)> {
        let is_it = |read: &Reading| read.tier == tier && read.from == from;
        let place = self.reading.iter().position(is_it)?;
        let read = self.reading.swap_remove(place);
        Some((read.from, read.to))
    }

    /// The read of a tier failed. Gives first and last of what it was to read.
    pub fn drop_read(&mut self, tier: Tier) -> Option<(u64, u64)> {
        let of_tier = self.reading.iter().find(|read| read.tier == tier)?;
        self.finish_read(tier, of_tier.from)
    }

    /// A message is on its way.
    pub(crate) fn mark_sent(&mut self, tier: Tier, (from, to): (u64, u64), trip: Trip) {
        let place = self.departed;
        self.departed = self.departed.saturating_add(1);
        self.sent.push(Sent {
            place,
            tier,
            from,
            to,
            trip,
        });
    }
}
