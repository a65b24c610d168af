//! The one page of a box without a ledger.

use std::time::Duration;

use edge_web::HealthView;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::SiteConfig;
use crate::office;

/// Wait before a port that was taken is tried again.
const PORT_RETRY: Duration = Duration::from_secs(5);

/// Keeps the page up until `stop`.
pub(super) async fn keep(
    config: SiteConfig,
    health: watch::Receiver<HealthView>,
    stop: CancellationToken,
) {
    let settings = office::web_settings(&config);
    while !stop.is_cancelled() {
        let served = match TcpListener::bind(config.screen).await {
            Ok(listener) => {
                let (settings, health) = (settings.clone(), health.clone());
                edge_web::serve_notice(listener, (settings, health), stop.clone())
                    .await
                    .map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = served {
            tracing::error!(error, "No page tells that the ledger does not open");
            stop.run_until_cancelled(tokio::time::sleep(PORT_RETRY))
                .await;
        }
    }
}
