//! The engine begins where the ledger says.

use std::time::Duration;

use sync_engine::{Engine, Start};
use tokio::sync::watch;

use crate::ledger::{Ledger, beginning};
use crate::settings::MqttSettings;
use crate::status::SyncStatus;
use crate::trouble::explain_unbegun;

/// Wait before the ledger is asked anew.
const START_RETRY: Duration = Duration::from_secs(5);

/// Asks the ledger until it says where to go on.
pub(crate) async fn start<L: Ledger>(
    settings: &MqttSettings,
    ledger: &L,
    status: &watch::Sender<SyncStatus>,
) -> Engine {
    loop {
        match beginning(ledger).await {
            Ok((current, last_fork)) => {
                let start = Start {
                    current,
                    last_fork,
                    roster_version: settings.roster_version,
                };
                return Engine::new(settings.identity.clone(), settings.engine.clone(), &start);
            }
            Err(error) => {
                let trouble = explain_unbegun(error.as_ref());
                tracing::error!(
                    detail = trouble.detail,
                    "the way to the city does not begin"
                );
                status.send_modify(|status| {
                    status.last_error = Some(trouble.clerk.to_owned());
                    status.last_error_detail = Some(trouble.detail);
                    // To wait for the ledger is a turn, too: the gate beside it works.
                    status.turns = status.turns.wrapping_add(1);
                });
                tokio::time::sleep(START_RETRY).await;
            }
        }
    }
}
