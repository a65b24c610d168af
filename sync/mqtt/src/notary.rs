//! What box and city sign and compare: countersignatures on their way into the ledger's file, and the
//! daily digest.

use std::collections::BTreeMap;

use sync_engine::{Action, DailyDigest, DigestStep, Now, Runs, china_day};
use sync_wire::checkpoint::COUNTERSIGNS_MAX;
use sync_wire::{Ack, Countersign};

use crate::ledger::{Ledger, LedgerError};
use crate::trouble::{NotTaken, WRONG_COUNTERSIGN};

/// Countersignatures are written down together, at most this often: each time costs a commit.
const KEEP_MS: u64 = 2_000;

/// What is on its way.
#[derive(Debug, Default)]
pub(crate) struct Notary {
    signed: BTreeMap<String, Vec<Countersign>>,
    keep_at_ms: Option<u64>,
    digest: DailyDigest,
    /// Roots that the city asked for.
    wanted: Option<(String, Runs)>,
}

impl Notary {
    /// When there is something to do, monotonic ms.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        self.keep_at_ms
    }

    /// Takes what an acknowledgement brings.
    pub(crate) async fn hear<L: Ledger>(&mut self, ledger: &L, now: Now, ack: &Ack) {
        if !ack.countersign.is_empty() {
            let waiting = self.signed.entry(ack.epoch.clone()).or_default();
            waiting.extend_from_slice(&ack.countersign);
            let all: usize = self.signed.values().map(Vec::len).sum();
            let wait_ms = if all < COUNTERSIGNS_MAX { KEEP_MS } else { 0 };
            let due_ms = now.mono_ms.saturating_add(wait_ms);
            self.keep_at_ms = Some(self.keep_at_ms.unwrap_or(due_ms).min(due_ms));
        }
        let Some(answer) = &ack.digest else {
            return;
        };
        match self.digest.answered(&ack.epoch, answer) {
            DigestStep::Nothing => {}
            DigestStep::Roots(epoch, runs) => self.wanted = Some((epoch, runs)),
            DigestStep::Compared {
                epoch,
                through,
                differs,
            } => {
                if let Err(error) = ledger.compared(&epoch, through, differs).await {
                    tracing::error!(error, "cannot write down what was compared");
                    self.digest.give_up(now);
                }
            }
        }
    }

    /// Writes down what waits; says so where the ledger did not believe all of it. What is lost is asked
    /// for again.
    pub(crate) async fn keep<L: Ledger>(&mut self, ledger: &L) -> Option<NotTaken> {
        self.keep_at_ms = None;
        let mut refused = None;
        for (epoch, signed) in std::mem::take(&mut self.signed) {
            match ledger.keep_countersigns(&epoch, &signed).await {
                Ok(true) => {}
                Ok(false) => refused = Some(WRONG_COUNTERSIGN),
                Err(error) => tracing::error!(error, "cannot keep countersignatures"),
            }
        }
        refused
    }

    /// What is to be told now; `is_quiet`: the city is there, and nothing waits for it.
    pub(crate) async fn tell<L: Ledger>(
        &mut self,
        ledger: &L,
        (now, box_name): (Now, &str),
        is_quiet: bool,
    ) -> Option<Action> {
        let (epoch, runs) = match self.wanted.take() {
            Some(wanted) => wanted,
            None if self.digest.is_due(now, is_quiet) => {
                let run = self.looked(ledger.to_compare(china_day(now.wall_ms)).await, now)?;
                self.digest.begin(now, run)?
            }
            None => return None,
        };
        let parts = self.looked(ledger.roots(&epoch, &runs).await, now)?;
        self.digest.tell(now, box_name, parts)
    }

    fn looked<T>(&mut self, found: Result<T, LedgerError>, now: Now) -> Option<T> {
        found
            .inspect_err(|error| {
                tracing::error!(error, "cannot read what is to be compared");
                self.digest.give_up(now);
            })
            .ok()
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&mut self, now: Now) {
        self.wanted = None;
        self.digest.disconnected(now);
    }
}
