//! Why the box does not reach its city, kept beside the ledger for `menwei status`.

use std::time::Duration;

use edge_store::{Reader, StoreError, Writer};
use edge_web::{HealthView, Remedy};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The setting that holds it, as JSON.
const SETTING: &str = "city.unreached";
/// Pause between two commits of it: a line that comes and goes does not wear the disk.
const WRITE_PAUSE: Duration = Duration::from_secs(5);

/// The trouble with the city at the box's last word about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unreached {
    code: String,
    cause: String,
    effect: String,
    advice: String,
}

impl Unreached {
    /// As it was written down last; `None` where the city was reached.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn stored(reader: &Reader) -> Result<Option<Self>, StoreError> {
        let stored = reader.setting(SETTING)?;
        Ok(stored.and_then(|text| serde_json::from_str(&text).ok().flatten()))
    }

    /// In a line.
    pub(crate) fn tell(&self) -> String {
        let (code, cause) = (&self.code, &self.cause);
        format!("告警 {code}：{cause}。{}。{}", self.effect, self.advice)
    }

    fn of(remedy: &Remedy) -> Self {
        Self {
            code: remedy.code.clone(),
            cause: remedy.cause.clone(),
            effect: remedy.effect.clone(),
            advice: remedy.advice.clone(),
        }
    }
}

/// Writes it down whenever it has changed, but not too often; ends with the health desk.
pub(crate) async fn keep_unreached(writer: Writer, mut health: watch::Receiver<HealthView>) {
    let mut last = None;
    while health.changed().await.is_ok() {
        let now = health
            .borrow_and_update()
            .sync
            .remedy
            .as_ref()
            .map(Unreached::of);
        if last.as_ref() == Some(&now) {
            continue;
        }
        match serde_json::to_string(&now) {
            Ok(text) => {
                if let Err(error) = writer.put_setting(SETTING, &text).await {
                    tracing::warn!(%error, "The trouble with the city is not written down");
                }
            }
            Err(error) => tracing::warn!(%error, "The trouble with the city cannot be written"),
        }
        last = Some(now);
        tokio::time::sleep(WRITE_PAUSE).await;
    }
}
