//! Tells the screen, `menwei status` and the city that the daily files of the ledger cannot be written.

use std::io::Error;
use std::time::Duration;

use edge_store::{DailyState, StoreError, Writer};
use sync_wire::record::DeviceState;
use tokio::sync::{mpsc, watch};

use crate::advice::{advice, refusal};
use crate::clock::Clock;
use crate::error::DaemonError;
use crate::health::HealthNews;
use crate::troubles::{DAILY, DAILY_CODE, daily_fails, ledger_record};

/// Pause before a record that the ledger did not take is offered again.
const RECORD_PAUSE: Duration = Duration::from_secs(10);

/// Runs until the store is closed. `is_recorded` says whether the ledger holds that they fail, and not
/// yet that they work again.
pub(crate) async fn tell_daily(
    mut daily: watch::Receiver<DailyState>,
    news: mpsc::Sender<HealthNews>,
    (writer, clock): (Writer, Clock),
    mut is_recorded: bool,
) {
    loop {
        let state = daily.borrow_and_update().clone();
        let fault = match &state {
            DailyState::Untried => None,
            DailyState::Works => Some(None),
            DailyState::Fails(error) => Some(Some(daily_fails(&why(error)))),
        };
        let is_failing = fault.as_ref().map_or(is_recorded, Option::is_some);
        if let Some(remedy) = fault {
            let told = HealthNews::Trouble(DAILY.to_owned(), remedy);
            if news.send(told).await.is_err() {
                return;
            }
        }
        if is_failing != is_recorded {
            match record(&writer, &clock, is_failing).await {
                Ok(()) => is_recorded = is_failing,
                Err(error) => tracing::warn!(%error, "The state of the daily files not recorded"),
            }
        }
        let changed = if is_failing == is_recorded {
            daily.changed().await
        } else {
            let changed = tokio::time::timeout(RECORD_PAUSE, daily.changed()).await;
            changed.unwrap_or(Ok(()))
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn record(writer: &Writer, clock: &Clock, is_failing: bool) -> Result<(), DaemonError> {
    let state = if is_failing {
        DeviceState::Fault
    } else {
        DeviceState::Online
    };
    let entry = ledger_record(clock.now(), state, DAILY_CODE)?;
    writer.append(vec![entry]).await?;
    Ok(())
}

/// The reason in Chinese; the general advice speaks of the ledger itself.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is no fault of the disk has its words already"
)]
fn why(error: &StoreError) -> String {
    match error {
        StoreError::DiskFull { .. } => refusal(&Error::from(std::io::ErrorKind::StorageFull)),
        StoreError::ReadOnly { .. } => {
            refusal(&Error::from(std::io::ErrorKind::ReadOnlyFilesystem))
        }
        StoreError::Io { path, source, .. } => {
            format!("{}：{}", path.display(), refusal(source))
        }
        other => advice(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use edge_store::{Key, Reader, Store, StoreSettings};
    use serde_json::Value;

    use super::*;
    use crate::clock::Known;

    fn told(reader: &Reader) -> Vec<(String, String)> {
        let epoch = reader.epochs().unwrap().remove(0).name;
        let records = reader.records(&epoch, 1, 100, 1 << 20).unwrap();
        let bodies = records.iter().map(|one| serde_json::from_slice(&one.body));
        let bodies = bodies.map(|body: Result<Value, _>| body.unwrap());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        bodies
            .map(|body| (text(&body["detail"]), text(&body["state"])))
            .collect()
    }

    #[tokio::test]
    async fn daily_files_that_fail_are_a_lamp_and_a_record_until_they_work() {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            path: folder.path().join("ledger.db"),
            box_id: "box-1".to_owned(),
            site: "site-1".to_owned(),
        };
        let store = Store::open(&settings, &Key::from_bytes([7; 32])).unwrap();
        let clock = Clock::new(1, &Known::default(), mpsc::channel(1).0);
        let (states, seen) = watch::channel(DailyState::default());
        let (news, mut heard) = mpsc::channel(8);
        let told_by = tokio::spawn(tell_daily(seen, news, (store.writer(), clock), false));

        let refused = StoreError::Io {
            step: "write",
            path: settings.path.with_extension("db-daily"),
            source: Arc::new(std::io::ErrorKind::PermissionDenied.into()),
        };
        let full = StoreError::DiskFull { step: "write" };
        let cases = [
            (refused, "ledger.db-daily：没有权限"),
            (full, "写不进去：磁盘已满"),
        ];
        for (fault, why) in cases {
            states.send_replace(DailyState::Fails(fault));
            let Some(HealthNews::Trouble(name, Some(remedy))) = heard.recv().await else {
                panic!("{why} is not told");
            };
            assert_eq!((name.as_str(), remedy.code.as_str()), (DAILY, "E-DB-08"));
            assert!(remedy.cause.ends_with(why), "{remedy:?}");
        }
        states.send_replace(DailyState::Works);
        let over = heard.recv().await;
        assert!(
            matches!(over, Some(HealthNews::Trouble(_, None))),
            "{over:?}"
        );
        drop(states);
        told_by.await.unwrap();
        let expected = [("E-DB-08", "fault"), ("E-DB-08", "online")];
        let expected = expected.map(|(code, state)| (code.to_owned(), state.to_owned()));
        assert_eq!(told(&store.reader().unwrap()), expected);
    }
}
