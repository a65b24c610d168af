//! The screen's sources over the box's file: figures and accounts through one read connection,
//! writes through the file's writer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use edge_domain::{Policy, SITE_OFFSET_H};
use edge_store::{AccountRow, Reader, Writer};
use tokio::sync::watch;

use crate::books::passage_row;
use crate::error::SourceError;
use crate::guard::duty::Duty;
use crate::source::{Account, AccountCode, AccountStore, BoxFuture, TodaySource};
use crate::view::TodayView;

/// Name of the setting that holds the hash of the valid claim code
/// ([`ClaimCode::hash`](crate::ClaimCode::hash)); it is removed when the code is used.
pub const CLAIM_CODE_SETTING: &str = "web.claim_code_hash";

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Both sources over one file. Cheap to clone.
#[derive(Clone)]
pub struct LedgerSource {
    reading: Arc<Mutex<Reading>>,
    writer: Writer,
    policy: watch::Receiver<Arc<Policy>>,
}

struct Reading {
    reader: Reader,
    lane_names: BTreeMap<String, String>,
}

impl fmt::Debug for LedgerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerSource").finish_non_exhaustive()
    }
}

impl LedgerSource {
    /// `policy` says at which hour a new day begins.
    pub fn new(reader: Reader, writer: Writer, policy: watch::Receiver<Arc<Policy>>) -> Self {
        let reading = Reading {
            reader,
            lane_names: BTreeMap::new(),
        };
        Self {
            reading: Arc::new(Mutex::new(reading)),
            writer,
            policy,
        }
    }

    /// Shows lanes by these names instead of by their ids.
    #[must_use]
    pub fn with_lane_names(self, names: BTreeMap<String, String>) -> Self {
        self.read(|reading| reading.lane_names = names);
        self
    }

    fn read<T>(&self, query: impl FnOnce(&mut Reading) -> T) -> T {
        query(&mut self.reading.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A short query off the runtime's thread.
    async fn ask<T, F>(&self, query: F) -> Result<T, SourceError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, edge_store::StoreError> + Send + 'static,
    {
        let source = self.clone();
        let work = move || source.read(|reading| query(&reading.reader));
        Ok(tokio::task::spawn_blocking(work).await??)
    }
}

/// Start of the day that contains `now_ms`, Unix milliseconds.
fn day_start_ms(now_ms: i64, day_starts_h: u8) -> i64 {
    let shift = (i64::from(SITE_OFFSET_H) - i64::from(day_starts_h)) * HOUR_MS;
    let local = now_ms.saturating_add(shift);
    local
        .saturating_sub(local.rem_euclid(DAY_MS))
        .saturating_sub(shift)
}

impl TodaySource for LedgerSource {
    fn today(&self, now_ms: i64, rows_max: usize) -> Result<TodayView, SourceError> {
        let day_starts_h = self.policy.borrow().day_boundary_h;
        let from_ms = day_start_ms(now_ms, day_starts_h);
        self.read(|reading| reading.today(from_ms, rows_max))
    }
}

impl Reading {
    fn today(&self, from_ms: i64, rows_max: usize) -> Result<TodayView, SourceError> {
        let to_ms = from_ms.saturating_add(DAY_MS);
        let epoch = self
            .reader
            .epochs()?
            .pop()
            .map(|epoch| epoch.name)
            .unwrap_or_default();
        let head = if epoch.is_empty() {
            0
        } else {
            self.reader.head(&epoch)?.seq
        };
        let view = self.reader.today(from_ms, to_ms, rows_max)?;
        let newest = view.acts.first().map_or(0, |act| act.seq);
        Ok(TodayView {
            through: head.max(newest),
            on_site: u64::try_from(view.inside)?,
            visitors: u64::try_from(self.reader.desk().visitors_inside()?.len())?,
            entered_today: u64::try_from(view.entered)?,
            denied_today: u64::try_from(view.denied)?,
            on_roster: u64::from(self.reader.numbers_given()?.worker),
            rows: view
                .acts
                .iter()
                .map(|act| passage_row(act, &self.lane_names))
                .collect(),
        })
    }
}

impl AccountStore for LedgerSource {
    fn account(&self, name: &str) -> BoxFuture<'_, Result<Option<Account>, SourceError>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = self.ask(move |reader| reader.account(&name)).await?;
            found.map(account_of).transpose()
        })
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, SourceError>> {
        Box::pin(async move {
            let rows = self.ask(Reader::accounts).await?;
            rows.into_iter().map(account_of).collect()
        })
    }

    fn claim_code_hash(&self) -> BoxFuture<'_, Result<Option<String>, SourceError>> {
        Box::pin(self.ask(|reader| reader.setting(CLAIM_CODE_SETTING)))
    }

    /// The code is used up before the account is stored: a power cut between the two costs a new
    /// code, never a second use of the old one.
    fn claim(
        &self,
        account: Account,
        code_hash: String,
    ) -> BoxFuture<'_, Result<bool, SourceError>> {
        Box::pin(async move {
            let valid = self
                .ask(|reader| reader.setting(CLAIM_CODE_SETTING))
                .await?;
            if valid.as_ref() != Some(&code_hash)
                || !self.writer.remove_setting(CLAIM_CODE_SETTING).await?
            {
                return Ok(false);
            }
            self.writer.put_account(row_of(account)).await?;
            Ok(true)
        })
    }

    fn put(&self, account: Account) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move { Ok(self.writer.put_account(row_of(account)).await?) })
    }

    fn set_password(
        &self,
        name: &str,
        password_hash: String,
    ) -> BoxFuture<'_, Result<bool, SourceError>> {
        let name = name.to_owned();
        Box::pin(async move { Ok(self.writer.set_password(&name, &password_hash).await?) })
    }

    fn remove(&self, name: &str) -> BoxFuture<'_, Result<bool, SourceError>> {
        let name = name.to_owned();
        Box::pin(async move { Ok(self.writer.remove_account(&name).await?) })
    }
}

fn account_of(row: AccountRow) -> Result<Account, SourceError> {
    let duty = Duty::read(&row.duty, row.team)
        .ok_or_else(|| format!("account with an unknown duty {:?}", row.duty))?;
    Ok(Account {
        name: row.name,
        password_hash: Some(row.password_hash).filter(|hash| !hash.is_empty()),
        duty,
        ends_at_ms: row.ends_at,
        code: row
            .code_hash
            .zip(row.code_ends_at)
            .map(|(hash, ends_at_ms)| AccountCode { hash, ends_at_ms }),
    })
}

fn row_of(account: Account) -> AccountRow {
    let (code_hash, code_ends_at) = account
        .code
        .map(|code| (code.hash, code.ends_at_ms))
        .unzip();
    AccountRow {
        name: account.name,
        password_hash: account.password_hash.unwrap_or_default(),
        duty: account.duty.code().to_owned(),
        team: account.duty.team().map(|team| team.0),
        ends_at: account.ends_at_ms,
        code_hash,
        code_ends_at,
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, HOUR_MS, day_start_ms};

    #[test]
    fn the_day_begins_at_the_policys_hour_of_the_site() {
        // 2026-06-03 00:00 in Shanghai.
        let midnight_ms = 1_780_416_000_000;
        for (hour_of_day, day_starts_h, expected_ms) in [
            (7, 4, midnight_ms + 4 * HOUR_MS),
            (4, 4, midnight_ms + 4 * HOUR_MS),
            (3, 4, midnight_ms + 4 * HOUR_MS - DAY_MS),
            (0, 0, midnight_ms),
            (23, 0, midnight_ms),
        ] {
            let now_ms = midnight_ms + hour_of_day * HOUR_MS + 59_000;
            assert_eq!(
                day_start_ms(now_ms, day_starts_h),
                expected_ms,
                "{hour_of_day} h"
            );
        }
    }
}
