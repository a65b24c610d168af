//! What screen and uplink share.

use std::sync::{Arc, Mutex};

use edge_domain::{Newcomer, Policy};
use edge_store::{Reader, Store};
use edge_web::Kiosks;
use sync_wire::down::SigningKey;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::SiteConfig;
use crate::downlink::Tally;
use crate::health::HealthNews;
use crate::lane::BoardDoor;
use crate::office::supervise::Part;
use crate::people::PeopleDesk;

/// What both need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// The settings.
    pub(crate) config: &'a SiteConfig,
    /// The ledger.
    pub(crate) store: &'a Store,
    /// The connection that the way to the city asks through, and the health desk once in a while.
    pub(crate) reader: &'a Arc<Mutex<Reader>>,
    /// The clock.
    pub(crate) clock: &'a Clock,
    /// Where people change.
    pub(crate) people: &'a Arc<PeopleDesk>,
    /// The numbers of the rules, as lanes and pages watch them.
    pub(crate) policy: &'a watch::Sender<Arc<Policy>>,
    /// Whoever came last with a card and is not on the roster.
    pub(crate) newcomer: &'a watch::Sender<Option<Newcomer>>,
    /// The screens beside the lanes.
    pub(crate) kiosks: &'a Kiosks,
    /// What was refused of what came down.
    pub(crate) tally: &'a watch::Sender<Tally>,
    /// What the box signs with.
    pub(crate) device_key: Option<&'a Arc<SigningKey>>,
    /// The gate boards.
    pub(crate) boards: &'a [BoardDoor],
    /// Where troubles of ledger and devices are told.
    pub(crate) news: &'a mpsc::Sender<HealthNews>,
    /// Told when the box stops.
    pub(crate) stop: &'a CancellationToken,
}

impl Office<'_> {
    /// A part of the office, to be begun again where it ends with an error.
    pub(crate) fn part(&self, name: &'static str) -> Part {
        Part {
            name,
            news: self.news.clone(),
        }
    }
}
