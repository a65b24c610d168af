//! What screen and uplink share.

use edge_store::Store;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::SiteConfig;

/// What both need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// The settings.
    pub(crate) config: &'a SiteConfig,
    /// The ledger.
    pub(crate) store: &'a Store,
    /// The clock.
    pub(crate) clock: &'a Clock,
    /// Told when the box stops.
    pub(crate) stop: &'a CancellationToken,
}
