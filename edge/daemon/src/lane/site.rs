//! What all lanes of the gate thread share.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use edge_domain::{CardHolder, Credential, Mismatches, Newcomer, Policy, Presence, Record, Roster};
use edge_store::Writer;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::health::HealthNews;
use crate::lane::input::TokenSalt;
use crate::people::PersonTagger;

/// The site as the lanes see it. Lives on the gate thread, so it needs no lock.
#[derive(Debug)]
pub(crate) struct GateSite {
    /// The box's clock.
    pub(crate) clock: Clock,
    /// What tells this epoch's tokens from those of another.
    pub(crate) tokens: TokenSalt,
    /// Who is registered; a change arrives as a whole.
    pub(crate) roster: watch::Receiver<Arc<Roster>>,
    /// The numbers of the rules; a change arrives as a whole.
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    /// Who is inside, moved by committed records only.
    pub(crate) presence: RefCell<Presence>,
    /// Whose card came with another face today, by committed records only.
    pub(crate) mismatches: RefCell<Mismatches>,
    /// The ledger.
    pub(crate) writer: Writer,
    /// The last card of nobody who may pass, for the forms of new workers and visitors.
    pub(crate) newcomer: watch::Sender<Option<Newcomer>>,
    /// Tags the numbers of strangers.
    pub(crate) tagger: PersonTagger,
    /// Whether the last commit failed.
    pub(crate) ledger_failing: Cell<bool>,
    /// Where device and ledger states go.
    pub(crate) news: mpsc::Sender<HealthNews>,
    /// Told when the lanes end.
    pub(crate) stop: CancellationToken,
}

impl GateSite {
    /// Takes in a committed record.
    pub(super) fn committed(&self, record: &Record) {
        self.presence.borrow_mut().apply(record);
        self.mismatches.borrow_mut().apply(record);
    }

    /// A card was read: if it is nobody's, or that of a visitor who should have gone, a form may be
    /// filled from it.
    pub(super) fn came(&self, lane: &str, credential: &Credential) {
        let now = self.clock.now();
        let is_known = match self.roster.borrow().holder(credential, &now) {
            CardHolder::One(_) | CardHolder::Several => true,
            CardHolder::Visitor(visit) => !visit.is_over(now.wall_ms),
            CardHolder::Nobody => false,
        };
        if is_known {
            return;
        }
        self.newcomer.send_replace(Some(Newcomer {
            credential: credential.clone(),
            lane: lane.to_owned(),
            at_ms: now.wall_ms,
        }));
    }

    /// A commit worked: news only if the one before did not.
    pub(super) fn ledger_works(&self) {
        if self.ledger_failing.replace(false) {
            self.tell(HealthNews::LedgerWrites);
        }
    }

    /// A commit failed: why, in Chinese.
    pub(super) fn ledger_fails(&self, why: String) {
        self.ledger_failing.set(true);
        self.tell(HealthNews::LedgerFails(why));
    }

    /// Tells the health desk; a full queue loses the news with a line in the log.
    pub(super) fn tell(&self, news: HealthNews) {
        if let Err(error) = self.news.try_send(news) {
            tracing::warn!(%error, "Health news lost");
        }
    }
}
