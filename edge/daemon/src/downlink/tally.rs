//! What was refused of what the city sent: counted for the technician, the last of it for the clerk.

use std::collections::BTreeMap;
use std::time::Duration;

use edge_store::{Reader, StoreError, Writer};
use edge_web::DownRefusal;
use serde::{Deserialize, Serialize};
use sync_mqtt::Refusals;
use sync_wire::Report;
use sync_wire::down::ResultCode;
use tokio::sync::watch;

/// The setting that holds the tally, as JSON.
pub(crate) const TALLY_SETTING: &str = "down.refused";
/// Pause between two commits of the tally: whoever floods the box does not wear its disk.
const WRITE_PAUSE: Duration = Duration::from_secs(10);

/// The topic of acknowledgements, beside those of results.
const ACK: &str = "ack";

/// Since the file is new: how often each code was the answer, and what was refused last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// How often, by code.
    pub(crate) counts: BTreeMap<String, u64>,
    /// The last refusal of each topic; gone once a message of that topic was carried out, or the city
    /// has acknowledged everything.
    pub(crate) last: BTreeMap<String, Last>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// When, Unix ms.
    pub(crate) at: i64,
    /// The code.
    pub(crate) code: String,
    /// Why, in Chinese.
    pub(crate) message: String,
}

impl Tally {
    /// As it was written down last; empty where nothing was.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn stored(reader: &Reader) -> Result<Self, StoreError> {
        let stored = reader.setting(TALLY_SETTING)?;
        Ok(stored
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// Takes in an answer. A repetition is neither a refusal nor news.
    pub(crate) fn take(&mut self, report: &Report) {
        let Some(topic) = word(&report.topic) else {
            return;
        };
        let Some(code) = report.code else {
            self.last.remove(&topic);
            return;
        };
        let Some(code) = word(&code).filter(|_| code != ResultCode::Repeated) else {
            return;
        };
        let count = self.counts.entry(code.clone()).or_default();
        *count = count.saturating_add(1);
        let message = report.message.clone().unwrap_or_default();
        let at = report.sent_at;
        self.last.insert(topic, Last { at, code, message });
    }

    /// Takes in what of the city's words about the ledger was refused between `told` and `now`.
    pub(crate) fn refuse(&mut self, told: &Refusals, now: &Refusals, at: i64) {
        for (code, times) in &now.counts {
            let had = told.counts.get(code).copied().unwrap_or(0);
            let count = self.counts.entry((*code).to_owned()).or_default();
            *count = count.saturating_add(times.saturating_sub(had));
        }
        if let Some(why) = now.last {
            let (code, message) = (why.code.to_owned(), why.clerk.to_owned());
            self.last.insert(ACK.to_owned(), Last { at, code, message });
        }
    }

    /// The city has acknowledged everything; says whether that is news.
    pub(crate) fn settle(&mut self) -> bool {
        self.last.remove(ACK).is_some()
    }

    /// What the clerk is shown.
    pub(crate) fn shown(&self) -> Option<DownRefusal> {
        let last = self.last.values().max_by_key(|last| last.at)?;
        Some(DownRefusal {
            at_ms: last.at,
            code: last.code.clone(),
            message: last.message.clone(),
            count: self.counts.values().sum(),
        })
    }
}

/// The word of a unit variant on the wire.
fn word(value: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}

/// Writes the tally down whenever it has changed, but not too often; ends with its last sender.
pub(crate) async fn keep_tally(writer: Writer, mut tally: watch::Receiver<Tally>) {
    while tally.changed().await.is_ok() {
        let text = serde_json::to_string(&*tally.borrow_and_update());
        match text {
            Ok(text) => {
                if let Err(error) = writer.put_setting(TALLY_SETTING, &text).await {
                    tracing::warn!(%error, "What was refused is not written down");
                }
            }
            Err(error) => tracing::warn!(%error, "What was refused cannot be written"),
        }
        tokio::time::sleep(WRITE_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_mqtt::NotTaken;
    use sync_wire::VERSION;
    use sync_wire::ctl::ReportTopic;

    fn report(topic: ReportTopic, code: Option<ResultCode>, sent_at: i64) -> Report {
        Report {
            v: VERSION,
            r#box: "box-1".to_owned(),
            topic,
            number: None,
            command: None,
            ok: code.is_none(),
            code,
            message: code.map(|code| code.text().to_owned()),
            sent_at,
        }
    }

    #[test]
    fn refusals_are_counted_and_the_newest_is_shown_until_its_topic_works() {
        let mut tally = Tally::default();
        tally.take(&report(ReportTopic::Roster, Some(ResultCode::Expired), 5));
        tally.take(&report(
            ReportTopic::Cmd,
            Some(ResultCode::WrongSignature),
            7,
        ));
        tally.take(&report(
            ReportTopic::Cmd,
            Some(ResultCode::WrongSignature),
            8,
        ));
        tally.take(&report(ReportTopic::Cmd, Some(ResultCode::Repeated), 9));
        assert_eq!(tally.counts["wrong_signature"], 2);
        let shown = tally.shown().unwrap();
        assert_eq!((shown.at_ms, shown.count), (8, 3));
        assert!(shown.message.contains("签名不符"));
        tally.take(&report(ReportTopic::Cmd, None, 10));
        assert_eq!(tally.shown().unwrap().code, "expired");
        tally.take(&report(ReportTopic::Roster, None, 11));
        assert_eq!(tally.shown(), None);
        assert_eq!(tally.counts["wrong_signature"], 2);
        let why = NotTaken {
            code: "foreign_ack",
            clerk: "平台的确认与本机账本不符",
        };
        let refusals = |counts: &[(&'static str, u64)]| Refusals {
            counts: counts.iter().copied().collect(),
            last: Some(why),
        };
        // Two reasons between two looks: each is counted under its own code.
        let (none, some) = (
            Refusals::default(),
            refusals(&[("other_epoch", 1), (why.code, 2)]),
        );
        let more = refusals(&[("other_epoch", 1), (why.code, 3)]);
        tally.refuse(&none, &some, 12);
        tally.refuse(&some, &more, 13);
        assert_eq!(tally.counts["foreign_ack"], 3);
        assert_eq!(tally.counts["other_epoch"], 1);
        assert_eq!(tally.shown().unwrap().message, why.clerk);
        assert!(tally.settle() && !tally.settle());
        assert_eq!((tally.shown(), tally.counts["foreign_ack"]), (None, 3));
    }
}
