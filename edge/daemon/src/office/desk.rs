//! What screen and uplink share.

use std::sync::Arc;

use edge_domain::Roster;
use edge_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::SiteConfig;
use crate::lane::BoardDoor;

/// What both need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// The settings.
    pub(crate) config: &'a SiteConfig,
    /// The ledger.
    pub(crate) store: &'a Store,
    /// The clock.
    pub(crate) clock: &'a Clock,
    /// Who is registered, as the lanes watch it.
    pub(crate) roster: &'a watch::Sender<Arc<Roster>>,
    /// The gate boards.
    pub(crate) boards: &'a [BoardDoor],
    /// Told when the box stops.
    pub(crate) stop: &'a CancellationToken,
}
