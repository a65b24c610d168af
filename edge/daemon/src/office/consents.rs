//! Who allows the use of his face, as the ledger has it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_store::{Reader, StoreError};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::people::{Consents, FaceUses};

/// How soon a consent that is taken back, or the exit of a worker, destroys his template.
const LOOK: Duration = Duration::from_secs(5);

/// Watches the consents from now on.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn watch_consents(
    reader: Reader,
    uses: FaceUses,
) -> Result<watch::Receiver<Consents>, StoreError> {
    let (sender, receiver) = watch::channel(Consents::read(&reader, uses)?);
    let reader = Arc::new(Mutex::new(reader));
    tokio::spawn(async move {
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            let reader = Arc::clone(&reader);
            let asked = spawn_blocking(move || {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                Consents::read(&reader, uses)
            });
            match asked.await {
                Ok(Ok(now)) => {
                    sender.send_if_modified(|before| {
                        let differs = *before != now;
                        *before = now;
                        differs
                    });
                }
                Ok(Err(error)) => tracing::warn!(%error, "The consents cannot be read"),
                Err(_) => return,
            }
            if sender.is_closed() {
                return;
            }
        }
    });
    Ok(receiver)
}
