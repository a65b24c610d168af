//! What the ledger gives, and what it does not: a read that fails is halved until a single record
//! is left that cannot be read. That one is left out, so that it keeps none after it waiting: for a
//! moment first, and where it fails again, for a while.

use sync_wire::message::Tier;

use crate::ranges::RangeSet;
use crate::settings::Settings;

/// More records than one read ever asks for.
const NO_LIMIT: u64 = 256;
/// So many single records in a row do not come, and it is the file that does not: the tier pauses.
const IN_A_ROW_MAX: u32 = 32;

/// Reads of one tier.
#[derive(Debug, Clone, Copy, Default)]
struct Tiered {
    /// Most records of the next read, where a limit holds.
    most: Option<u64>,
    /// Single records that failed since one came.
    in_a_row: u32,
    /// No read before this, monotonic ms.
    paused_until_ms: Option<u64>,
}

/// Records that are not read until a time, monotonic ms.
#[derive(Debug, Clone, Default)]
struct LeftOut {
    seqs: RangeSet,
    until_ms: Option<u64>,
}

impl LeftOut {
    fn add(&mut self, seq: u64, until_ms: u64) {
        self.seqs.insert(seq, seq);
        self.until_ms.get_or_insert(until_ms);
    }

    fn keep_time(&mut self, now_ms: u64) {
        if self.until_ms.is_some_and(|at| at <= now_ms) {
            self.until_ms = None;
            self.seqs.clear();
        }
    }
}

/// Which reads failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    live: Tiered,
    bulk: Tiered,
    briefly: LeftOut,
    long: LeftOut,
    /// Failed once since they came last.
    tried: RangeSet,
    /// Failed more often.
    bad: RangeSet,
}

impl Reads {
    fn of(&mut self, tier: Tier) -> &mut Tiered {
        match tier {
            Tier::Live => &mut self.live,
            Tier::Bulk => &mut self.bulk,
        }
    }

    /// Most records of the next read of a tier.
    pub(crate) fn most(&mut self, tier: Tier, wanted: u64) -> u64 {
        let most = self.of(tier).most;
        most.map_or(wanted, |most| most.min(wanted))
    }

    /// Whether a tier may read now.
    pub(crate) fn allows(&self, tier: Tier) -> bool {
        let of = match tier {
            Tier::Live => self.live,
            Tier::Bulk => self.bulk,
        };
        of.paused_until_ms.is_none()
    }

    /// What is not to be read for now, as inclusive ranges.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = (u64, u64)> {
        let all = [&self.briefly, &self.long];
        all.into_iter().flat_map(|one| one.seqs.pairs())
    }

    /// How many records cannot be read.
    pub(crate) fn bad(&self) -> u64 {
        self.bad.count()
    }

    /// These came.
    pub(crate) fn worked(&mut self, tier: Tier, (from, to): (u64, u64)) {
        self.forget(from, to);
        let of = self.of(tier);
        let doubled = of.most.map(|most| most.saturating_mul(2));
        *of = Tiered {
            most: doubled.filter(|most| *most < NO_LIMIT),
            ..Tiered::default()
        };
    }

    /// These did not come. Gives whether somebody must know: there is a record that cannot be read.
    pub(crate) fn failed(
        &mut self,
        tier: Tier,
        (from, to): (u64, u64),
        (now_ms, settings): (u64, &Settings),
    ) -> bool {
        let soon_ms = now_ms.saturating_add(settings.read_retry_ms);
        let of = self.of(tier);
        if from < to {
            of.most = Some((to - from).div_ceil(2));
            return false;
        }
        of.most = Some(1);
        of.in_a_row = of.in_a_row.saturating_add(1);
        if of.in_a_row >= IN_A_ROW_MAX {
            of.paused_until_ms = Some(soon_ms);
        }
        if !self.tried.covers(from, from) {
            self.tried.insert(from, from);
            self.briefly.add(from, soon_ms);
            return false;
        }
        let is_first = self.bad.is_empty();
        self.bad.insert(from, from);
        let later_ms = now_ms.saturating_add(settings.unreadable_ms);
        self.long.add(from, later_ms);
        is_first
    }

    /// These came, or the city has them.
    pub(crate) fn forget(&mut self, from: u64, to: u64) {
        for seqs in [&mut self.tried, &mut self.bad] {
            seqs.remove(from, to);
        }
    }

    /// When something is to be read again, monotonic ms.
    pub(crate) fn again_at_ms(&self) -> Option<u64> {
        let pauses = [self.live.paused_until_ms, self.bulk.paused_until_ms];
        let times = [self.briefly.until_ms, self.long.until_ms];
        pauses.into_iter().chain(times).flatten().min()
    }

    /// Forgets what is over.
    pub(crate) fn keep_time(&mut self, now_ms: u64) {
        for of in [&mut self.live, &mut self.bulk] {
            of.paused_until_ms = of.paused_until_ms.filter(|at| *at > now_ms);
        }
        for left_out in [&mut self.briefly, &mut self.long] {
            left_out.keep_time(now_ms);
        }
    }
}
